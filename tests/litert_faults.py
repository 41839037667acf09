"""Faults planted in LiteRT files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema


def altered(source: Path, target: Path, change: Callable[[Any], None]) -> Path:
    """The model with a fault planted."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(source.read_bytes(), 0))
    change(model)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    target.write_bytes(builder.Output())
    return target


def largest_weight(model: Any) -> tuple[Any, Any, Any]:
    """Graph, operator and tensor of the first product with the largest weight."""
    uses = list(products(model))
    return max(uses, key=lambda use: len(model.buffers[use[2].buffer].data))


def products(model: Any) -> Iterator[tuple[Any, Any, Any]]:
    for graph in model.subgraphs:
        for operator in graph.operators:
            if model.operatorCodes[operator.opcodeIndex].builtinCode == schema.BuiltinOperator.FULLY_CONNECTED:
                yield graph, operator, graph.tensors[operator.inputs[1]]


def own_copy(model: Any, tensor: Any, change: int) -> None:
    """The tensor reads a buffer of its own, whose first byte is moved by `change`."""
    buffer = schema.BufferT()
    buffer.data = np.array(model.buffers[tensor.buffer].data, dtype=np.uint8)
    buffer.data[0] += change
    model.buffers.append(buffer)
    tensor.buffer = len(model.buffers) - 1


def duplicate(model: Any) -> None:
    own_copy(model, largest_weight(model)[2], 0)


def unshare(model: Any) -> None:
    own_copy(model, largest_weight(model)[2], 1)


def to_float(model: Any) -> None:
    graph, operator, tensor = largest_weight(model)
    values = np.array(model.buffers[tensor.buffer].data, dtype=np.uint8).view(np.int8).astype(np.float32)
    buffer, twin = schema.BufferT(), schema.TensorT()
    buffer.data = values.view(np.uint8)
    twin.shape, twin.type, twin.buffer = tensor.shape, schema.TensorType.FLOAT32, len(model.buffers)
    model.buffers.append(buffer)
    graph.tensors.append(twin)
    operator.inputs = np.array([operator.inputs[0], len(graph.tensors) - 1, *operator.inputs[2:]], dtype=np.int32)


def sparsify(model: Any) -> None:
    largest_weight(model)[2].sparsity = schema.SparsityParametersT()


def spoil(model: Any) -> None:
    tensor = largest_weight(model)[2]
    data = np.array(model.buffers[tensor.buffer].data, dtype=np.uint8)
    data[7] ^= 1
    model.buffers[tensor.buffer].data = data


def empty(model: Any) -> None:
    """A tensor without an element, which nothing reads."""
    tensor = schema.TensorT()
    tensor.shape, tensor.buffer = [0, 4], 0
    model.subgraphs[0].tensors.append(tensor)
