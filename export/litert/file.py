"""A LiteRT file as it is built: subgraphs of operators, which share one copy of each constant and scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from edge.errors import EdgeError

FLOAT32, INT32, INT8, INT4, BOOL = (
    getattr(schema.TensorType, name) for name in ("FLOAT32", "INT32", "INT8", "INT4", "BOOL")
)
TYPES = {"float32": FLOAT32, "int32": INT32, "int8": INT8}

OPTIONS = {  # of the operators that have any
    "ADD": "AddOptions", "BATCH_MATMUL": "BatchMatMulOptions", "CAST": "CastOptions",
    "CONCATENATION": "ConcatenationOptions", "DIV": "DivOptions", "FULLY_CONNECTED": "FullyConnectedOptions",
    "GATHER": "GatherOptions", "GELU": "GeluOptions", "MEAN": "ReducerOptions", "MUL": "MulOptions",
    "REDUCE_MAX": "ReducerOptions", "SOFTMAX": "SoftmaxOptions", "SUB": "SubOptions", "SUM": "ReducerOptions",
    "WHILE": "WhileOptions",
}  # fmt: skip


@dataclass(frozen=True)
class Value:
    """A tensor of one graph."""

    index: int
    shape: tuple[int, ...]
    type: int


class LiteRtFile:
    """Graphs, signatures and the buffers that they share."""

    def __init__(self) -> None:
        self.model = schema.ModelT(version=3, operatorCodes=[], subgraphs=[], buffers=[], signatureDefs=[])
        self._buffers: dict[bytes, int] = {}
        self._codes: dict[tuple[str, int], int] = {}
        self._scales: dict[bytes, Any] = {}
        self._shared: dict[tuple[Any, ...], Any] = {}
        self.buffer(b"")  # what every tensor that is no constant reads

    def buffer(self, content: bytes) -> int:
        """The number of the buffer with that content."""
        if content not in self._buffers:
            self._buffers[content] = len(self._buffers)
            buffer = schema.BufferT()
            buffer.Pack = partial(_pack_buffer, content)
            self.model.buffers.append(buffer)
        return self._buffers[content]

    def scales(self, scale: np.ndarray) -> Any:
        """Symmetric quantisation per row: one table in the file, whichever tensors point at it."""
        key = scale.tobytes()
        if key not in self._scales:
            zero_points = np.zeros(scale.size, dtype=np.int64)  # the loader wants as many as there are scales
            table = schema.QuantizationParametersT(scale=scale, zeroPoint=zero_points, quantizedDimension=0)
            table.Pack = cache(table.Pack)
            self._scales[key] = table
        return self._scales[key]

    def shared(self, kind: str, **fields: Any) -> Any:
        """A table of the schema that stands in the file once, however many point at it."""
        key = (kind, *((name, _frozen(value)) for name, value in fields.items()))
        if key not in self._shared:
            table = getattr(schema, kind)(**fields)
            table.Pack = cache(table.Pack)
            self._shared[key] = table
        return self._shared[key]

    def operator_code(self, name: str, version: int) -> int:
        """The index of an operator and its version, which is added if it is new."""
        key = (name, version)
        if key not in self._codes:
            self._codes[key] = len(self._codes)
            code = getattr(schema.BuiltinOperator, name)
            self.model.operatorCodes.append(schema.OperatorCodeT(min(code, 127), None, version, code))
        return self._codes[key]

    def graph(self, name: str, signature: bool = True) -> Graph:
        """A new subgraph, offered to callers as a signature of its name."""
        graph = Graph(self, name, len(self.model.subgraphs))
        self.model.subgraphs.append(graph.table)
        if signature:
            self.model.signatureDefs.append(graph.signature)
        return graph

    def to_bytes(self) -> bytes:
        """The file. Equal calls gave equal bytes."""
        builder = flatbuffers.Builder(sum(map(len, self._buffers)) + (1 << 16))
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def _frozen(value: Any) -> Any:
    """What equal values share. A table that exists once is itself."""
    if isinstance(value, list):
        return tuple(value)
    return value if value is None or isinstance(value, bool | int | float | str) else id(value)


def _pack_buffer(content: bytes, builder: flatbuffers.Builder) -> int:
    """Content at a multiple of 16 bytes, which the schema requires and its Python code does not ensure."""
    if content:
        builder.StartVector(1, len(content), 16)
        builder.head -= len(content)
        builder.Bytes[builder.head : builder.head + len(content)] = content
        vector = builder.EndVector()
    schema.BufferStart(builder)
    if content:
        schema.BufferAddData(builder, vector)
    return int(schema.BufferEnd(builder))


class Graph:
    """One subgraph: every method adds an operator and returns what it computes."""

    def __init__(self, file: LiteRtFile, name: str, number: int) -> None:
        self.file, self.number = file, number
        self.table = schema.SubGraphT(tensors=[], inputs=[], outputs=[], operators=[], name=name)
        self.signature = schema.SignatureDefT([], [], name, number)
        self._constants: dict[tuple[Any, ...], Value] = {}

    def input(self, name: str, *shape: int, type: int = FLOAT32) -> Value:
        """Declare an input of the signature."""
        value = self._tensor(shape, type)
        self.table.inputs.append(value.index)
        self.signature.inputs.append(schema.TensorMapT(name, value.index))
        return value

    def output(self, name: str, value: Value) -> None:
        """Declare a value as an output of the signature."""
        self.table.outputs.append(value.index)
        self.signature.outputs.append(schema.TensorMapT(name, value.index))

    def constant(self, array: np.ndarray, bits: int = 0, scale: np.ndarray | None = None) -> Value:
        """A constant tensor; integers of 4 bits are packed; with `scale`, (rows,), they stand for its multiples."""
        array = np.ascontiguousarray(array)
        type = INT4 if bits == 4 else TYPES[array.dtype.name]
        content = nibbles(array) if bits == 4 else array.tobytes()
        buffer, scales = self.file.buffer(content), None if scale is None else self.file.scales(scale)
        key = (buffer, id(scales), array.shape, type)
        if key not in self._constants:
            self._constants[key] = self._tensor(array.shape, type, buffer, scales)
        return self._constants[key]

    def integers(self, *values: int) -> Value:
        """A constant vector, e.g. a shape or axes."""
        return self.constant(np.array(values, dtype=np.int32))

    def add(
        self, name: str, inputs: Sequence[Value], shape: tuple[int, ...], type: int = FLOAT32, version: int = 1,
        **options: Any,
    ) -> Value:  # fmt: skip
        """An operator with one result of that shape."""
        return self.add_many(name, inputs, [(shape, type)], version, options)[0]

    def add_many(
        self, name: str, inputs: Sequence[Value], results: Sequence[tuple[tuple[int, ...], int]], version: int = 1,
        options: Mapping[str, Any] | None = None,
    ) -> list[Value]:  # fmt: skip
        """An operator with several results."""
        outputs = [self._tensor(shape, type) for shape, type in results]
        fields: dict[str, Any] = {
            "opcodeIndex": self.file.operator_code(name, version),
            "inputs": [value.index for value in inputs],
            "outputs": [value.index for value in outputs],
        }
        if name in OPTIONS:
            fields["builtinOptionsType"] = getattr(schema.BuiltinOptions, OPTIONS[name])
            fields["builtinOptions"] = self.file.shared(f"{OPTIONS[name]}T", **(options or {}))
        self.table.operators.append(self.file.shared("OperatorT", **fields))
        return outputs

    def _tensor(self, shape: tuple[int, ...], type: int, buffer: int = 0, scales: Any = None) -> Value:
        fields = {"shape": list(shape), "type": type, "buffer": buffer, "quantization": scales, "hasRank": True}
        self.table.tensors.append(self.file.shared("TensorT", **fields))
        return Value(len(self.table.tensors) - 1, tuple(shape), type)


def nibbles(integers: np.ndarray) -> bytes:
    """Two per byte, row-major, the first in the low four bits."""
    if integers.shape[-1] % 2:
        raise EdgeError(f"rows of {integers.shape[-1]} weights do not fill bytes with 4 bits each", fix="use 8 bits")
    pairs = integers.reshape(-1, 2).astype(np.uint8) & 15
    return (pairs[:, 0] | pairs[:, 1] << 4).tobytes()
