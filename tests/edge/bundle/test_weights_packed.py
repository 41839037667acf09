"""weights.bin: what goes in comes out, in few bytes, and nothing else is believed."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from student_weights import make_weights, same
from weight_vectors import FOLDER, write

from edge.bundle.weights.adaptive import TOTAL, Frequencies, blocks
from edge.bundle.weights.packed import LANES, MAGIC, pack, read_header, row_classes, unpack, unpack_counted
from edge.bundle.weights.rans import StreamDecoder, StreamEncoder
from edge.errors import EdgeError

VECTORS, DAMAGED = (json.loads((FOLDER / name).read_text()) for name in ("vectors.json", "damaged.json"))


@pytest.mark.parametrize("largest", [127, 7, 1])
@pytest.mark.parametrize("sparsity", [0.0, 0.5, 0.8, 0.99])
def test_what_is_packed_comes_back_to_the_bit(largest: int, sparsity: float) -> None:
    weights = make_weights(largest=largest, sparsity=sparsity)
    assert same(unpack(pack(weights)), weights)


@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (3, 5), (1, 1000), (777, 1)])
def test_odd_shapes_come_back_too(shape: tuple[int, int]) -> None:
    random = np.random.default_rng(1)
    weights = {
        "a.scale": random.random(shape[0]).astype(np.float32),
        "a.weight": random.integers(-127, 128, shape).astype(np.int8),
    }
    assert same(unpack(pack(weights)), weights)


def test_a_tensor_of_zeros_takes_next_to_nothing() -> None:
    weights = {"a.scale": np.ones(300, np.float32), "a.weight": np.zeros((300, 200), np.int8)}
    packed = pack(weights)
    assert same(unpack(packed), weights)
    assert len(packed) < 700


def test_special_floats_of_a_constant_keep_their_bits() -> None:
    weights = {"a": np.full(3, -0.0, np.float32), "b": np.full(2, np.float32(0.1)), "c": np.array([1e-45], np.float32)}
    assert same(unpack(pack(weights)), weights)


def test_no_weights_are_a_file_too() -> None:
    assert unpack(pack({})) == {}


def test_equal_weights_give_equal_bytes_whatever_their_order() -> None:
    weights = make_weights()
    assert pack(dict(reversed(weights.items()))) == pack(weights)


def test_sparse_weights_take_fewer_bytes_than_the_entropy_of_mask_and_values() -> None:
    weights = make_weights(rows=2000, columns=128)
    integers = [values for values in weights.values() if values.dtype == np.int8]
    bound = sum(_entropy(values != 0) + _entropy(values[values != 0]) for values in integers)
    _, bits = unpack_counted(pack(weights))
    stored = sum(count for name, count in bits.items() if weights[name].dtype == np.int8)
    assert stored < bound


def test_the_bits_of_the_tensors_add_up_to_the_file() -> None:
    weights = make_weights(rows=500)
    packed = pack(weights)
    lanes, _, body = read_header(packed)
    _, bits = unpack_counted(packed)
    assert sum(bits.values()) / 8 == pytest.approx(len(body) - 4 * lanes, abs=4 * lanes + 8)


@pytest.mark.parametrize(
    ("name", "values", "reason"),
    [
        ("a.weight", np.full((2, 2), -128, np.int8), "-128"),
        ("a.weight", np.zeros((2, 2), np.int16), "int16"),
        ("b.weight", np.zeros((2, 2), np.int8), "want int8 rows with scales"),
        ("a.weight", np.zeros(2, np.int8), r"int8 \(2,\)"),
        ("a.bias", np.array([np.nan], np.float32), "infinite or undefined"),
        ("a.bias", np.array([1.0]), "float64"),
    ],
)
def test_what_cannot_be_packed_is_named(name: str, values: np.ndarray, reason: str) -> None:
    with pytest.raises(EdgeError) as caught:
        pack({"a.scale": np.ones(2, np.float32), name: values})
    assert name in str(caught.value)
    assert reason.replace("\\", "") in str(caught.value)


def test_every_truncation_is_refused() -> None:
    packed = pack(make_weights(rows=5, columns=8))
    for size in range(len(packed)):
        with pytest.raises(EdgeError):
            unpack(packed[:size])


def test_a_flipped_bit_is_refused_or_gives_weights_of_the_same_shape() -> None:
    weights = make_weights(rows=5, columns=8)
    packed = pack(weights)
    for place in range(0, len(packed) * 8, 37):
        damaged = bytearray(packed)
        damaged[place // 8] ^= 1 << place % 8
        try:
            found = unpack(bytes(damaged))
        except EdgeError:
            continue
        assert len(found) == len(weights)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_after_a_valid_header_are_refused_or_read(body: bytes) -> None:
    packed = pack(make_weights(rows=3, columns=8))
    start = len(packed) - len(read_header(packed)[2])
    try:
        unpack(packed[:start] + body)
    except EdgeError as error:
        assert "\n" not in error.problem


def _header(**changes: object) -> bytes:
    entry: dict[str, object] = {"name": "a", "kind": "floats", "shape": [4]}
    header = json.dumps({"lanes": changes.pop("lanes", 16), "tensors": [entry | changes]}).encode()
    return MAGIC + struct.pack("<L", len(header)) + header + bytes(200)


@pytest.mark.parametrize(
    "changes",
    [
        {"shape": [1 << 40]}, {"shape": [0]}, {"shape": []}, {"shape": [-1]}, {"shape": "4"},
        {"shape": [2, 2, 2, 2, 2]},
        {"shape": [200_000]}, {"kind": "pickle"}, {"kind": "integers"}, {"name": 3}, {"nonzero": 5}, {"classes": 3},
        {"kind": "constant", "value": 1e300}, {"value": 2.0}, {"extra": 1}, {"lanes": 32}, {"lanes": 0},
    ],
)  # fmt: skip
def test_a_header_that_declares_what_cannot_be_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(EdgeError):
        unpack(_header(**changes))


def test_a_bomb_is_refused_before_it_takes_memory() -> None:
    with pytest.raises(EdgeError, match="more than the limit allows"):
        unpack(_header(shape=[50_000_000], lanes=256))


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_the_published_vectors_hold(vector: dict[str, object]) -> None:
    data = bytes.fromhex(str(vector["packed"]))
    found = unpack(data)
    if "tensors" in vector:
        assert {name: values.ravel().tolist() for name, values in found.items()} == vector["tensors"]
    else:
        digests = {name: hashlib.sha256(values.tobytes()).hexdigest() for name, values in found.items()}
        assert digests == vector["sha256"]
    assert pack(found) == data


def test_a_vector_needs_products_of_more_than_32_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    (large,) = (vector for vector in VECTORS if vector["name"] == "products beyond 32 bits")
    whole = Frequencies._tabulate

    def narrow(table: Frequencies, contexts: np.ndarray) -> None:
        assert table._counts[contexts].max() * TOTAL < 1 << 32
        whole(table, contexts)

    monkeypatch.setattr(Frequencies, "_tabulate", narrow)
    with pytest.raises(AssertionError):
        unpack(bytes.fromhex(large["packed"]))


@pytest.mark.parametrize("vector", DAMAGED, ids=[vector["name"] for vector in DAMAGED])
def test_the_published_damage_is_refused(vector: dict[str, str]) -> None:
    with pytest.raises(EdgeError) as refused:
        unpack(bytes.fromhex(vector["packed"]))
    assert "\n" not in refused.value.problem


def test_the_vectors_are_those_that_the_script_writes(tmp_path: Path) -> None:
    write(tmp_path)
    for name in ("vectors.json", "damaged.json", "holes.json"):
        assert (tmp_path / name).read_text() == (FOLDER / name).read_text()


def test_classes_follow_the_order_of_the_scales() -> None:
    scales = np.array([3.0, 1.0, 2.0, 1.0], np.float32)
    assert row_classes(scales, 1).tolist() == [0, 0, 0, 0]
    assert row_classes(scales, 2).tolist() == [1, 0, 1, 0]
    assert row_classes(scales, 4).tolist() == [3, 0, 2, 1]


@pytest.mark.parametrize("count", [0, 1, 2, 5, 100, 40_000])
def test_blocks_cover_a_stream_without_a_gap(count: int) -> None:
    covered = [place for block in blocks(count) for place in range(block.start, block.stop)]
    assert covered == list(range(count))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.integers(0, 255), min_size=1, max_size=200), min_size=1, max_size=5))
def test_every_symbol_keeps_a_share_whatever_was_seen(learned: list[list[int]]) -> None:
    table = Frequencies(2, 256)
    for block in learned:
        symbols = np.array(block)
        table.learn(symbols, symbols % 2)
        assert (table.shares >= 1).all()
        assert (table.shares.sum(1) == TOTAL).all()
        assert (np.diff(table.starts.ravel()) > 0).all()


@pytest.mark.parametrize("lanes", LANES)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_streams_come_back_in_order(lanes: int, data: st.DataObject) -> None:
    random = np.random.default_rng(data.draw(st.integers(0, 1000)))
    alphabets = data.draw(st.lists(st.integers(1, 256), max_size=4))
    streams = [(random.integers(0, each, random.integers(0, 600)), each) for each in alphabets]
    encoder = StreamEncoder(lanes)
    for symbols, alphabet in streams:
        encoder.add(symbols, symbols * 0, 1, alphabet)
    decoder = StreamDecoder(encoder.finish(), lanes)
    for symbols, alphabet in streams:
        assert decoder.take(symbols * 0, 1, alphabet).tolist() == symbols.tolist()
    decoder.close()


def _entropy(values: np.ndarray) -> float:
    """Of order 0, in bits, of all values together."""
    counts = np.unique(values, return_counts=True)[1]
    return float(-(counts * np.log2(counts / counts.sum())).sum())
