"""What the graphs must hold: every weight of the model, bit for bit, once over all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import external_data_helper, numpy_helper

from cloud.ranking.model import RankingModel
from compress.integer_layers import QuantisedLinear
from edge.errors import EdgeError
from export.weights import REPEATABLE, faults, weights_of


def check_onnx(paths: Sequence[Path], model: RankingModel) -> int:
    """The bytes of all constants of files that together hold the model. Errors: its weights are not in them as they
    are, or one of them, or another array of their size, is there twice."""
    wanted = {name: content for name in weights_of(model) if (content := _as_stored(name, model))}
    arrays = list(_arrays(paths))
    distances = (model.shape.heads, model.shape.distances + 1)  # of no table and no layer, and equal before training
    weights: list[bytes] = []
    others: list[bytes] = []
    for array in arrays:
        content = array.tobytes()
        if content in wanted.values() or (array.ndim > 1 and len(content) >= REPEATABLE and array.shape != distances):
            weights.append(content)
        elif array.shape != distances:
            others.append(content)
    wrong = faults(wanted, weights)
    wrong += [fault for fault in faults({}, others) if "twice" in fault]
    if wrong:
        raise EdgeError("the ONNX graphs failed a check", evidence="; ".join(wrong))
    return sum(array.nbytes for array in arrays)


def _arrays(paths: Sequence[Path]) -> Iterator[np.ndarray]:
    """All constants; those in a file beside the graphs once, however many graphs read them."""
    read = set()
    for path in paths:
        model = onnx.load(str(path), load_external_data=False)
        for tensor in [tensor for graph in _with_bodies(model.graph) for tensor in graph.initializer]:
            if external_data_helper.uses_external_data(tensor):
                where = tuple((entry.key, entry.value) for entry in tensor.external_data)
                if where in read:
                    continue
                read.add(where)
                external_data_helper.load_external_data_for_tensor(tensor, str(path.parent))
            yield numpy_helper.to_array(tensor)


def _with_bodies(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """A graph and those inside its nodes, such as the body of a loop."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from _with_bodies(attribute.g)


def _as_stored(name: str, model: RankingModel) -> bytes:
    """A weight's bytes as the graphs hold them: integer ones of products transposed and moved up by 128."""
    weight = weights_of(model)[name]
    if isinstance(model.get_submodule(name), QuantisedLinear):
        return (weight.astype(np.int32).T + 128).astype(np.uint8).tobytes()
    return weight.tobytes()
