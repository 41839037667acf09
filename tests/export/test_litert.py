"""The LiteRT file holds the int8 stage's own integers, each weight once; a file with a planted fault is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from exports import BUCKETS, Exported
from small_models import make_model, teacher_shape

from compress.int8 import quantise
from edge.errors import EdgeError
from edge.text.spec import TextSpec
from export.litert import Buckets, check_litert, export_litert, inspect_litert
from export.weights import weights_of


@pytest.fixture
def file(exported: Exported) -> Path:
    return exported.models / "int8" / "litert" / "model.tflite"


def altered(source: Path, target: Path, change: Callable[[Any], None]) -> Path:
    """The model with a fault planted."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(source.read_bytes(), 0))
    change(model)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    target.write_bytes(builder.Output())
    return target


def test_every_weight_is_in_the_file_once_as_the_integers_of_the_int8_stage(exported: Exported, file: Path) -> None:
    facts = check_litert(file, exported.reference["int8"])
    weights = weights_of(exported.reference["int8"])
    assert sorted(facts.weights) == sorted(weight.tobytes() for weight in weights.values())
    assert {weight.dtype for weight in weights.values()} == {np.dtype(np.int8)} and len(weights) == 9
    assert facts.duplicate_bytes == facts.sparse_tensors == 0
    assert sum(map(len, facts.weights)) == sum(weight.size for weight in weights.values())


def test_every_product_with_weights_and_every_table_is_int8(exported: Exported, file: Path) -> None:
    facts = inspect_litert(file)
    layers = 2 * len(BUCKETS.user_tokens)  # users and candidates
    assert facts.matmuls == {"INT8": 4 * layers + 2}  # in, out, two of the feed-forward; widen and head
    assert facts.tables == {"INT8": 3}
    floats = check_litert(exported.models / "float" / "litert" / "model.tflite", exported.reference["float"])
    assert floats.matmuls == {"FLOAT32": 4 * layers + 2} and floats.tables == {"FLOAT32": 3}


def test_int8_takes_a_quarter_of_the_weights_bytes(exported: Exported, file: Path) -> None:
    floats = inspect_litert(exported.models / "float" / "litert" / "model.tflite")
    assert 4 * sum(map(len, inspect_litert(file).weights)) == sum(map(len, floats.weights))


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


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        (duplicate, "4096 bytes of weights are stored twice"),
        (unshare, "4096 bytes of weights are not the model's"),
        (to_float, "'FLOAT32': 1"),
        (sparsify, "1 tensors carry LiteRT sparsity"),
        (spoil, "the model's layers.0.feed_forward_"),
    ],
)
def test_a_planted_fault_is_refused(
    exported: Exported, file: Path, tmp_path: Path, fault: Callable[[Any], None], named: str
) -> None:
    model = exported.reference["int8"]
    check_litert(altered(file, tmp_path / "same.tflite", lambda model: None), model)
    with pytest.raises(EdgeError, match="not fit to ship") as refused:
        check_litert(altered(file, tmp_path / "bad.tflite", fault), model)
    assert named in refused.value.evidence


def test_the_file_of_another_model_is_refused(exported: Exported, file: Path) -> None:
    with pytest.raises(EdgeError) as refused:
        check_litert(file, quantise(make_model(seed=4)))
    assert "the model's token, position, " in refused.value.evidence
    with pytest.raises(EdgeError):
        check_litert(file, exported.reference["float"])


def test_a_model_with_layers_of_their_own_is_not_exported(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match="3 layers of their own"):
        export_litert(make_model(teacher_shape()), BUCKETS, tmp_path / "model.tflite")
    assert list(tmp_path.iterdir()) == []


def test_buckets_left_open_hold_just_what_the_text_allows() -> None:
    spec = TextSpec("a", "b", "c", max_segment_tokens=30, max_user_tokens=101)
    assert Buckets().holding(spec) == Buckets(user_tokens=(51, 101), candidates=8, candidate_tokens=30)


@pytest.mark.parametrize("changes", [{"user_tokens": (0, 8)}, {"candidates": 0}, {"candidate_tokens": -1}])
def test_buckets_that_hold_nothing_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(EdgeError, match=rf"buckets.{next(iter(changes))} is"):
        Buckets(**changes)
