"""The file that holds the weights of several graphs, each once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, external_data_helper, numpy_helper

from edge.engines.signatures import INTEGERS, Dims, Signature
from export.onnx.rows import Rows

INSIDE = 16  # bytes; a smaller constant stands in its graph, as do whole numbers that say shapes
ALIGNED = 64  # bytes


class WeightFile:
    """Arrays in the order in which graphs first name them. Equal ones are one."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._content = bytearray()
        self._starts: dict[bytes, int] = {}

    def shape_in(self, graph: Rows, name: str, signature: Signature) -> onnx.ModelProto:
        """The finished graph, whose weights are in this file."""
        inputs, outputs = (
            ", ".join(map(_declared, part, part.values())) for part in (signature.inputs, signature.outputs)
        )
        model = graph.parsed(name, f"({inputs}) => ({outputs})")
        for place, node in enumerate(model.graph.node):
            if node.op_type == "Gather":  # ONNX Runtime 1.18 fuses them, and refuses two results of one name
                node.name = f"gather_{place}"
        model.graph.initializer.extend(self._stored(key, value) for key, value in graph.weights.items())
        return model

    def write(self, directory: Path) -> None:
        """Write the external data file that all graphs of the directory share."""
        (directory / self.name).write_bytes(self._content)

    def _stored(self, name: str, value: np.ndarray) -> TensorProto:
        tensor = numpy_helper.from_array(value, name)
        if value.nbytes < INSIDE or value.dtype == np.int64:
            return tensor
        content = value.tobytes()
        if content not in self._starts:
            self._content += bytes(-len(self._content) % ALIGNED)
            self._starts[content] = len(self._content)
            self._content += content
        external_data_helper.set_external_data(tensor, self.name, offset=self._starts[content], length=len(content))
        tensor.ClearField("raw_data")
        return tensor


def _declared(name: str, dims: Dims) -> str:
    return f"{'int32' if name in INTEGERS else 'float'}[{', '.join(map(str, dims))}] {name}"
