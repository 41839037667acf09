"""Packed weights that somebody made wrong: the header, the signs or the coded symbols, or all of them at once."""

from __future__ import annotations

import json
import struct
from functools import lru_cache
from random import Random

import numpy as np
from fuzz_bytes import NUMBERS, chance, edit_json, edited

from edge.bundle.weights.packed import LANES, MAGIC, Weights, pack

START = len(MAGIC) + 4  # of the header
PIECES = (
    b"\0" * 4,
    b"\xff" * 4,
    b"\xff" * 8,
    b"\0" * 8,
    MAGIC,
    b'"integers"',
    b'"floats"',
    b'"constant"',
    b"-",
    b"9" * 30,
)


@lru_cache(maxsize=16)
def some_weights(seed: int = 0) -> Weights:
    """A few tensors: one sparse, one of floats, and for other seeds of odd shapes."""
    random = np.random.default_rng(seed)
    rows, columns = (16, 24) if seed == 0 else random.integers(1, 40, 2).tolist()
    values = random.integers(-7 if seed % 2 else -127, 8 if seed % 2 else 128, (rows, columns))
    kept = random.random((rows, columns)) < (0.2 if seed % 3 else 0.9)
    scale = random.random(rows).astype(np.float32) + np.float32(0.01)
    ones = np.ones(max(int(columns), 16), dtype=np.float32)
    return {
        "layer.weight": np.where(kept | (values == values.max()), values, 0).astype(np.int8),
        "layer.scale": scale,
        "norm": ones,
    }


@lru_cache(maxsize=16)
def packed_weights(seed: int = 0) -> bytes:
    return pack(some_weights(seed))


def mutated_weights(random: Random) -> bytes:
    """Packed weights damaged in one place or a few; now and then sound ones."""
    data = packed_weights(random.randrange(16) if chance(random, 4) else 0)
    change = random.randrange(8)
    if change == 0:
        return data
    if change == 1:
        return edited(random, data, PIECES)
    header, body = split(data)
    if change in (2, 3):
        body = edited(random, body, PIECES)
    elif change == 4:  # in the coded words alone, so that most symbols come out wrong
        at = max(len(body) - 4 * random.randrange(1, 40), 0)
        body = body[:at] + random.randbytes(4) + body[at + 4 :]
    elif change == 5:
        header = edited(random, header, PIECES)
    else:
        header = _other_header(random, header)
    return joined(header, body if not chance(random, 8) else body + bytes(1 << random.randrange(16)))


def split(data: bytes) -> tuple[bytes, bytes]:
    """The JSON of the header, and what follows it."""
    size = struct.unpack_from("<L", data, len(MAGIC))[0]
    return data[START : START + size], data[START + size :]


def joined(header: bytes, body: bytes) -> bytes:
    return MAGIC + struct.pack("<L", len(header)) + header + body


def _other_header(random: Random, header: bytes) -> bytes:
    """A header that is JSON, and says something else of the tensors."""
    described = json.loads(header)
    if chance(random, 2):
        edit_json(random, described)
    elif chance(random, 20):  # many, each with as many models as there can be
        tensors = described["tensors"]
        for index in range((10, 100, 300, 999)[random.randrange(4)]):
            described["tensors"] += [tensor | {"name": f"{index}{tensor['name']}"} for tensor in tensors[:3]]
        for tensor in described["tensors"]:
            tensor |= {"classes": 64} if tensor.get("kind") == "integers" else {}
    elif chance(random, 2):
        described["lanes"] = LANES[random.randrange(len(LANES))]
    else:  # as much as it may declare, or a little more
        tensor = described["tensors"][random.randrange(len(described["tensors"]))]
        extents = (1, 7, 1000, 20_000, 60_000, 1 << 20, NUMBERS[random.randrange(len(NUMBERS))])
        tensor["shape"] = [extents[random.randrange(len(extents))] for _ in tensor["shape"]]
        if chance(random, 2):  # rows need as many scales
            for other in described["tensors"]:
                other["shape"] = [tensor["shape"][0], *other["shape"][1:]]
    return json.dumps(described, separators=(",", ":")).encode()
