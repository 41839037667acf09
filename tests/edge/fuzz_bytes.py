"""Random edits of bytes and of JSON: what every mutation of a file is made of.

Chance comes from a `random.Random`, which may also read the choices of another fuzzer: all zeros is the mildest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from random import Random
from typing import Any

NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
PIECES = (b"\0" * 4, b"\xff" * 4, b"\0", b"\n", b"/", b"A" * 300)
NESTED = "[" * 500 + "]" * 500
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 5, 0.5, -0.0, 1e308, float("nan"), float("inf"), 2**31, 2**63, 10**30, "", "x",
    "1", "../x", "a\nb", "\x1b[31m", "\ud800", "\u202e", "x" * 300, "models/litert/x",
    "models/litert.\x1b[31m", "models/onnx/a\nb", "model:litert", "liked", [],
    {}, [[]], [None], {"": None}, {"auc": 0.5}, {"encode": 1, "interact": 2, "quality": {}}, [0] * 300,
    "edge-ranker/bundle/4", ["encode_16"], {"temperature": 0, "offset": 1e9}, [1, 2, 3],
)  # fmt: skip


class Tape(Random):
    """Chance that reads its choices from bytes, and zeros when they are used up."""

    def __init__(self, data: bytes) -> None:
        super().__init__(0)
        self._data = data
        self._next = 0

    def getrandbits(self, bits: int) -> int:
        size = -(-bits // 8)
        taken = self._data[self._next : self._next + size].ljust(size, b"\0")
        self._next += size
        return int.from_bytes(taken, "little") & ((1 << bits) - 1)

    def random(self) -> float:
        return self.getrandbits(53) / (1 << 53)


def chance(random: Random, one_in: int) -> bool:
    """True once in `one_in` times."""
    return random.randrange(one_in) == one_in - 1


def edited(random: Random, data: bytes, pieces: Sequence[bytes] = PIECES) -> bytes:
    """`data` after one edit or a few."""
    edits = bytearray(data)
    _EDITS[random.randrange(len(_EDITS))](random, edits, pieces)
    while chance(random, 3):
        _EDITS[random.randrange(len(_EDITS))](random, edits, pieces)
    return bytes(edits)


def _flip(random: Random, data: bytearray, _: Sequence[bytes]) -> None:
    if data:
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def _overwrite(random: Random, data: bytearray, _: Sequence[bytes]) -> None:
    """A number that is a bound of something, in 1 to 8 bytes."""
    width = (1, 2, 4, 8)[random.randrange(4)]
    at = random.randrange(max(len(data) - width, 0) + 1)
    number = NUMBERS[random.randrange(len(NUMBERS))] % (1 << 8 * width)
    data[at : at + width] = number.to_bytes(width, "little")


def _nudge(random: Random, data: bytearray, _: Sequence[bytes]) -> None:
    """One more or one less."""
    if data:
        at = random.randrange(len(data))
        data[at] = (data[at] + random.randrange(-1, 2)) % 256


def _insert(random: Random, data: bytearray, pieces: Sequence[bytes]) -> None:
    at = random.randrange(len(data) + 1)
    data[at:at] = pieces[random.randrange(len(pieces))]


def _replace(random: Random, data: bytearray, pieces: Sequence[bytes]) -> None:
    piece = pieces[random.randrange(len(pieces))]
    at = random.randrange(len(data) + 1)
    data[at : at + len(piece)] = piece


def _delete(random: Random, data: bytearray, _: Sequence[bytes]) -> None:
    start, stop = _span(random, data)
    del data[start:stop]


def _repeat(random: Random, data: bytearray, _: Sequence[bytes]) -> None:
    start, stop = _span(random, data)
    data[start:start] = data[start:stop]


def _move(random: Random, data: bytearray, _: Sequence[bytes]) -> None:
    start, stop = _span(random, data)
    span = data[start:stop]
    del data[start:stop]
    at = random.randrange(len(data) + 1)
    data[at:at] = span


def _cut(random: Random, data: bytearray, _: Sequence[bytes]) -> None:
    del data[random.randrange(len(data) + 1) :]


def _span(random: Random, data: bytearray) -> tuple[int, int]:
    start = random.randrange(len(data) + 1)
    return start, min(len(data), start + 1 + random.randrange(64))


_EDITS: tuple[Callable[[Random, bytearray, Sequence[bytes]], None], ...] = (
    _flip, _overwrite, _nudge, _insert, _replace, _delete, _repeat, _move, _cut,
)  # fmt: skip


def edit_json(random: Random, value: Any) -> None:
    """Change one place in nested lists and objects, at any depth."""
    places = list(_places(value))
    holder, key = places[random.randrange(len(places))]
    found = holder[key]
    edit = random.randrange(6)
    if edit == 0:
        holder[key] = deepcopy(VALUES[random.randrange(len(VALUES))])
    elif edit == 1:
        del holder[key]
    elif edit == 2 and isinstance(found, int | float):
        holder[key] = found + (-1, 1)[random.randrange(2)]
    elif edit == 3 and isinstance(holder, list):
        holder.insert(random.randrange(len(holder) + 1), found)
    elif edit == 4:  # the value of another place
        other, name = places[random.randrange(len(places))]
        holder[key] = other[name] if not isinstance(other[name], list | dict) else None
    elif isinstance(holder, dict):
        holder[("", "x", "path", "bytes", "engine", "parts")[random.randrange(6)]] = found


def _places(value: Any) -> Any:
    """Every (holder, key) below `value`."""
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], list | dict):
            yield from _places(value[key])
