"""Writes the vectors of packed weights beside FORMAT.md: holes.json, damaged.json, and the last two of vectors.json.

PYTHONPATH=. python tests/edge/weight_vectors.py
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

import edge.bundle.weights
from edge.bundle.weights import packed
from edge.bundle.weights.forms import FORMS, in_form
from edge.bundle.weights.packed import MAGIC, pack
from edge.errors import EdgeError

FOLDER = Path(edge.bundle.weights.__file__).parent
INTEGERS = {
    "odd count of few values": [[1, 0, -2], [0, 3, -7], [7, 0, 0]],
    "large values": [[127, 0, -127, 5], [0, -1, 0, 0]],
    "a row and a run of zeros": [[0] * 9, [0, 0, 0, 0, 4, 0, 0, 0, 0], [0] * 9],
    "nothing but zeros": [[0, 0], [0, 0]],
    "nothing but non-zeros": [[-1, 2], [-3, 4]],
    "one value": [[-5]],
}
FLOATS = {  # bits of float32
    "plain": [0x3FC00000, 0xBE800000],
    "zeros of both signs": [0x00000000, 0x80000000],
    "ties of float16, to even": [0x3F801000, 0x3F803000],
    "around the greatest float16": [0x477FE000, 0x477FEFFF, 0x477FF000, 0xC77FF000],
    "subnormal as float16": [0x33800000, 0x33000000, 0x33000001, 0x38000001],
    "subnormal as float32": [0x00000001, 0x807FFFFF],
}


def holes() -> list[dict[str, Any]]:
    """Every tensor in every form that it can have; a form that would lose something is left out."""
    found = []
    for name, values in INTEGERS.items():
        tensor = np.array(values, dtype=np.int8)
        narrow = np.abs(tensor).max() <= 7
        forms = [form for form in FORMS if not form.startswith("float") and (narrow or "nibbles" not in form)]
        kept = {form: in_form(tensor, form).hex() for form in forms}
        found.append({"name": name, "kind": "int8", "shape": list(tensor.shape), "values": values, "forms": kept})
    for name, bits in FLOATS.items():
        tensor = np.array(bits, dtype="<u4").view("<f4")
        kept = {form: in_form(tensor, form).hex() for form in ("float32", "float16")}
        words = [f"{word:08x}" for word in bits]
        found.append({"name": name, "kind": "float32", "shape": [len(bits)], "bits": words, "forms": kept})
    return found


def zeros_of_both_signs() -> dict[str, np.ndarray]:
    """Scales that are all equal, as 0 and -0 are: the rows' classes follow their places alone."""
    random = np.random.default_rng(5)
    few, many = random.integers(1, 3, (4, 96)), random.integers(60, 127, (4, 96))
    scales = np.array([-0.0, 0.0] * 4, dtype=np.float32)[::-1].copy()
    return {"a.scale": scales, "a.weight": np.concatenate([few, many]).astype(np.int8)}


def often_the_same() -> dict[str, np.ndarray]:
    """So many zeros that 2^15 times their count exceeds 32 bits."""
    random = np.random.default_rng(6)
    values = np.where(random.random((768, 256)) < 0.03, random.choice([-1, 1], (768, 256)), 0)
    return {"a.scale": np.ones(768, dtype=np.float32), "a.weight": values.astype(np.int8)}


def pruned_floats() -> dict[str, np.ndarray]:
    """Zeros, whose bytes have a context of their own, and among them one of the other sign, which has not."""
    random = np.random.default_rng(7)
    values = np.where(random.random((16, 64)) < 0.2, random.normal(0, 0.02, (16, 64)), 0.0).astype(np.float32)
    values[0, :3] = -0.0, 1e-45, -1e-42  # of these only the sign, and only the lower bytes, are not zero
    return {"a": values}


def short_floats() -> dict[str, np.ndarray]:
    """Two tensors whose lower bytes are all 0: one of two bytes, and one of three."""
    random = np.random.default_rng(8)
    values = random.normal(0, 0.1, (8, 16)).astype(np.float32)
    return {f"of {count}": _cut(values, count) for count in (2, 3)}


def _cut(values: np.ndarray, count: int) -> np.ndarray:
    kept = values.view(np.uint32) & np.uint32(0xFFFFFFFF << 8 * (4 - count) & 0xFFFFFFFF)
    return kept.view(np.float32)


def damaged() -> Iterator[tuple[str, bytes]]:
    """What is to be refused, each with the reason."""
    weights = {
        "a.scale": np.ones(3, dtype=np.float32),
        "a.weight": np.array([[1, 0, -2], [0, 3, 0], [0, 0, 0]], dtype=np.int8),
    }
    good = pack(weights)
    size = struct.unpack_from("<L", good, len(MAGIC))[0]
    header, body = good[len(MAGIC) + 4 :][:size], good[len(MAGIC) + 4 + size :]

    def with_header(old: str, new: str) -> bytes:
        text = header.decode().replace(old, new, 1).encode()
        assert text != header
        return MAGIC + struct.pack("<L", len(text)) + text + body

    yield "another version", b"EDGEWTS1" + good[8:]
    yield "a sign beyond the last", good[: -len(body)] + bytes([body[0] | 1]) + body[1:]
    yield "a state below 2^31", good[: -len(body)] + body[:1] + bytes(8) + body[9:]
    yield "a state of 2^63", good[: -len(body)] + body[:1] + b"\0" * 7 + b"\x80" + body[9:]
    yield "a word too few", good[:-4]
    yield "a word too many", good + bytes(4)
    yield "an unknown kind", with_header('"integers"', '"runs"')
    yield "an unknown key", with_header('"nonzero"', '"zeros"')
    yield "another key of the header", with_header('{"lanes"', '{"version":2,"lanes"')
    yield "a key twice", with_header('{"lanes"', '{"lanes":16,"lanes"')
    yield "other lanes", with_header('"lanes":16', '"lanes":32')
    yield "no scale before", with_header('"a.scale"', '"a.other"')
    yield "more non-zeros than values", with_header('"nonzero":3', '"nonzero":10')
    yield "another count of non-zeros", with_header('"nonzero":3', '"nonzero":4')
    yield "non-zeros without a magnitude", with_header('"largest":3', '"largest":0')
    yield "a magnitude beyond 127", with_header('"largest":3', '"largest":128')
    yield "an extent of 0", _headed(pack({"a": np.zeros(3, dtype=np.float32)}), "[3]", "[0]")
    yield "no bytes of floats", _headed(pack(short_floats()), '"planes":2', '"planes":0')
    yield "five bytes of floats", _headed(pack(short_floats()), '"planes":2', '"planes":5')
    yield "a value that is no number", _of_floats([0x7FC00000, 0x3F800000])
    yield "an infinite value", _of_floats([0x3F800000, 0xFF800000])


def _headed(good: bytes, old: str, new: str) -> bytes:
    """With another header of the same length."""
    size = struct.unpack_from("<L", good, len(MAGIC))[0]
    text = good[len(MAGIC) + 4 :][:size].replace(old.encode(), new.encode(), 1)
    return good[: len(MAGIC) + 4] + text + good[len(MAGIC) + 4 + size :]


def _of_floats(bits: list[int]) -> bytes:
    """Packed as a writer would that checks nothing."""
    values = np.array(bits, dtype="<u4").view("<f4").astype(np.float32)
    with patch.object(packed, "_describe", lambda name, _: packed.Tensor(name, "floats", values.shape)):
        return pack({"a": values})


def write(folder: Path) -> None:
    entries = [{"name": name, "packed": data.hex()} for name, data in damaged()]
    weights, many, pruned, short = zeros_of_both_signs(), often_the_same(), pruned_floats(), short_floats()
    more: list[dict[str, Any]] = [
        {
            "name": "scales that are zeros of both signs",
            "packed": pack(weights).hex(),
            "tensors": {name: values.ravel().tolist() for name, values in sorted(weights.items())},
        },
        {
            "name": "products beyond 32 bits",
            "packed": pack(many).hex(),
            "sha256": {name: hashlib.sha256(values.tobytes()).hexdigest() for name, values in sorted(many.items())},
        },
        {
            "name": "floats that were pruned",
            "packed": pack(pruned).hex(),
            "sha256": {name: hashlib.sha256(values.tobytes()).hexdigest() for name, values in pruned.items()},
        },
        {
            "name": "floats of two and of three bytes",
            "packed": pack(short).hex(),
            "tensors": {name: values.ravel().tolist() for name, values in short.items()},
        },
    ]
    names = {one["name"] for one in more}
    vectors = [one for one in json.loads((FOLDER / "vectors.json").read_text()) if one["name"] not in names] + more
    for name, records in (("holes.json", holes()), ("damaged.json", entries), ("vectors.json", vectors)):
        (folder / name).write_text("[\n" + ",\n".join(map(json.dumps, records)) + "\n]\n")


def is_refused(data: bytes) -> bool:
    try:
        packed.unpack(data)
    except EdgeError:
        return True
    return False


if __name__ == "__main__":
    write(FOLDER)
