"""The LiteRT operators that the encoder is made of, with the shapes that they give."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from export.litert.file import BOOL, FLOAT32, Graph, Value

JOINED_AT_ONCE = 4  # XNNPACK leaves longer lists to slower kernels


def number(graph: Graph, value: float) -> Value:
    """A float32 constant without axes."""
    return graph.constant(np.array(value, dtype=np.float32))


def binary(graph: Graph, name: str, left: Value, right: Value) -> Value:
    """ADD, SUB, MUL, DIV, MINIMUM or MAXIMUM, broadcast as numpy does."""
    return graph.add(name, [left, right], np.broadcast_shapes(left.shape, right.shape), left.type)


def unary(graph: Graph, name: str, value: Value) -> Value:
    """ABS, EXP, LOG, LOGISTIC, RSQRT or TANH of each."""
    return graph.add(name, [value], value.shape)


def gelu(graph: Graph, rows: Value) -> Value:
    return graph.add("GELU", [rows], rows.shape, approximate=False)


def compare(graph: Graph, name: str, left: Value, right: Value) -> Value:
    """EQUAL, LESS and so on, as 0 or 1 in float32."""
    return cast(graph, graph.add(name, [left, right], np.broadcast_shapes(left.shape, right.shape), BOOL), FLOAT32)


def cast(graph: Graph, value: Value, type: int, version: int = 1) -> Value:
    return graph.add("CAST", [value], value.shape, type, version, inDataType=value.type, outDataType=type)


def reduce(graph: Graph, name: str, value: Value) -> Value:
    """MEAN, SUM or REDUCE_MAX over the last axis, which stays with length 1."""
    axes = graph.integers(len(value.shape) - 1)
    return graph.add(name, [value, axes], (*value.shape[:-1], 1), value.type, keepDims=True)


def reshape(graph: Graph, value: Value, *shape: int) -> Value:
    return graph.add("RESHAPE", [value, graph.integers(*shape)], shape, value.type)


def transpose(graph: Graph, value: Value, *order: int) -> Value:
    return graph.add("TRANSPOSE", [value, graph.integers(*order)], tuple(value.shape[axis] for axis in order))


def take(graph: Graph, value: Value, axis: int, start: int, length: int) -> Value:
    """`length` places of one axis."""
    if length == value.shape[axis]:
        return value
    begin, size = [0] * len(value.shape), list(value.shape)
    begin[axis], size[axis] = start, length
    return graph.add("SLICE", [value, graph.integers(*begin), graph.integers(*size)], tuple(size))


def join(graph: Graph, parts: Sequence[Value], axis: int) -> Value:
    """The parts one after another on an axis."""
    while len(parts) > 1:
        parts = [
            _concatenate(graph, parts[start : start + JOINED_AT_ONCE], axis)
            for start in range(0, len(parts), JOINED_AT_ONCE)
        ]
    return parts[0]


def _concatenate(graph: Graph, parts: Sequence[Value], axis: int) -> Value:
    if len(parts) == 1:
        return parts[0]
    shape = list(parts[0].shape)
    shape[axis] = sum(part.shape[axis] for part in parts)
    return graph.add("CONCATENATION", parts, tuple(shape), axis=axis)


def product(graph: Graph, left: Value, right: Value, transposed: bool = False) -> Value:
    """(..., m, k) times (..., k, n), or times (..., n, k) if `transposed`."""
    columns = right.shape[-2 if transposed else -1]
    return graph.add("BATCH_MATMUL", [left, right], (*left.shape[:-1], columns), adjY=transposed)


def softmax(graph: Graph, logits: Value) -> Value:
    return graph.add("SOFTMAX", [logits], logits.shape, beta=1.0)


def gather(graph: Graph, rows: Value, ids: Value, version: int = 1, axis: int = 0) -> Value:
    """(rows, columns), (n,) -> (n, columns); likewise with what `ids` name on another axis."""
    shape = (*rows.shape[:axis], *ids.shape, *rows.shape[axis + 1 :])
    return graph.add("GATHER", [rows, ids], shape, rows.type, version, axis=axis)
