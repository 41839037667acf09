"""The LiteRT file holds the model's own integers, each weight once; a file with a planted fault is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from cloud.torch_engine import TorchEngine
from compress.integers import quantise
from edge.engines.litert import LiteRtEngine
from export.buckets import Buckets
from export.litert.entry_points import export_litert
from exports import BUCKETS, Exported
from litert_faults import altered, duplicate, sparsify, spoil, to_float, unshare
from small_models import make_model, shape, teacher_shape

from edge.errors import EdgeError
from edge.text.spec import TextSpec
from export.litert.check import check_litert, inspect_litert
from export.weights import weights_of

USERS = len(BUCKETS.user_tokens)
PRODUCTS = 4 * (len(BUCKETS.sequences) + USERS) + 4 + 1  # in, out, feed-forward; a user's last layer: in alone


@pytest.fixture
def file(exported: Exported) -> Path:
    return exported.models / "int8" / "litert" / "model.tflite"


def test_every_weight_is_in_the_file_once_as_the_integers_of_the_int8_stage(exported: Exported, file: Path) -> None:
    facts = check_litert(file, exported.reference["int8"])
    weights = weights_of(exported.reference["int8"])
    assert sorted(facts.weights) == sorted(weight.tobytes() for weight in weights.values())
    assert {weight.dtype for weight in weights.values()} == {np.dtype(np.int8)} and len(weights) == 9
    assert facts.duplicate_bytes == facts.sparse_tensors == 0
    assert sum(map(len, facts.weights)) == sum(weight.size for weight in weights.values())


@pytest.mark.parametrize("precision", ["float", "int8"])
def test_every_parameter_stands_in_the_file_once_byte_for_byte(exported: Exported, precision: str) -> None:
    content = (exported.models / precision / "litert" / "model.tflite").read_bytes()
    folded = ("layers.0.attention_norm", "layers.0.feed_forward_norm", "embedding_norm", "head_norm")
    for name, tensor in exported.reference[precision].state_dict().items():
        if not name.startswith(folded) and tensor.numel() > 1:
            assert content.count(tensor.numpy().tobytes()) == 1, name


def test_equal_models_give_equal_bytes(file: Path, exported: Exported, tmp_path: Path) -> None:
    export_litert(exported.reference["int8"], BUCKETS, tmp_path / "again.tflite")
    assert (tmp_path / "again.tflite").read_bytes() == file.read_bytes()


def test_constants_begin_at_multiples_of_16_bytes(file: Path) -> None:
    content = file.read_bytes()
    model = schema.Model.GetRootAsModel(content, 0)
    buffers = [model.Buffers(index).DataAsNumpy() for index in range(1, model.BuffersLength())]
    start = np.frombuffer(content, dtype=np.uint8).__array_interface__["data"][0]
    assert {(buffer.__array_interface__["data"][0] - start) % 16 for buffer in buffers} == {0}


def test_every_product_with_weights_and_every_table_is_int8(exported: Exported, file: Path) -> None:
    facts = inspect_litert(file)
    assert facts.matmuls == {"INT8": PRODUCTS + 2}  # the layer's; widen and head
    assert facts.tables == {"INT8": 3}
    floats = check_litert(exported.models / "float" / "litert" / "model.tflite", exported.reference["float"])
    assert floats.matmuls == {"FLOAT32": PRODUCTS + 2} and floats.tables == {"FLOAT32": 3}


def test_int8_takes_a_quarter_of_the_weights_bytes(exported: Exported, file: Path) -> None:
    floats = inspect_litert(exported.models / "float" / "litert" / "model.tflite")
    assert 4 * sum(map(len, inspect_litert(file).weights)) == sum(map(len, floats.weights))


def test_four_bits_are_packed_in_pairs_and_give_torchs_layers(tmp_path: Path) -> None:
    model = quantise(make_model(), bits=4)
    export_litert(model, BUCKETS, tmp_path / "model.tflite")
    facts = check_litert(tmp_path / "model.tflite", model)
    assert facts.matmuls == {"INT4": PRODUCTS + 1, "INT8": 1} and facts.tables == {"INT4": 1, "INT8": 2}
    weights = weights_of(model)
    low = [weight.size for name, weight in weights.items() if name.startswith(("token", "widen", "layers"))]
    all_weights = sum(weight.size for weight in weights.values())
    assert sum(map(len, facts.weights)) == all_weights - sum(low) // 2
    reference = TorchEngine(model)
    engine = LiteRtEngine(tmp_path, reference.shape)
    ids, positions = np.arange(20, dtype=np.int32), np.arange(20, dtype=np.int32) % 16
    mask = np.zeros((20, 20), dtype=np.float32)
    wanted, found = (one.layer(one.embed(ids, positions), mask, 1) for one in (reference, engine))
    for expected, given in zip(wanted, found, strict=True):
        np.testing.assert_allclose(given, expected, rtol=0, atol=2e-3)


def test_rows_of_an_odd_width_have_no_form_with_four_bits(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match="rows of 15 weights"):
        export_litert(quantise(make_model(shape(embedding_size=15)), 4), BUCKETS, tmp_path / "model.tflite")


@pytest.mark.parametrize("bits", [8, 4])
def test_a_bucket_costs_the_same_whatever_the_weights_size(tmp_path: Path, bits: int) -> None:
    def cost(**changes: Any) -> int:
        model = quantise(make_model(shape(**changes)), bits)
        sizes = []
        for users in ((24,), (24, 48)):
            export_litert(model, Buckets(users, candidates=4, candidate_tokens=16), tmp_path / "model.tflite")
            sizes.append((tmp_path / "model.tflite").stat().st_size)
        return sizes[1] - sizes[0]

    small, wide = cost(), cost(hidden_size=96, vocabulary_size=500)
    assert abs(wide - small) < 1_024 and small < 8_000  # what tables of the graph two buckets share varies a little


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
    assert Buckets().holding(spec) == Buckets(user_tokens=(30, 51, 101), candidates=10, candidate_tokens=30)


@pytest.mark.parametrize("changes", [{"user_tokens": (0, 8)}, {"candidates": 0}, {"candidate_tokens": -1}])
def test_buckets_that_hold_nothing_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(EdgeError, match=f"^{next(iter(changes))} is"):
        Buckets(**changes)
