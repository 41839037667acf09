"""Deflate streams of one block whose codes are free (RFC 1951, 3.2.7), also such as no compressor writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

END = 256
LITERALS = [8] * 254 + [9] * 4  # a complete code: 254 of 256 and 4 of 512 code words; the last two are END and length 3
_ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)


@dataclass(frozen=True)
class Repeat:
    """Three bytes, from `distance` bytes back."""

    distance: int


def block(
    symbols: Sequence[int | Repeat], literals: Sequence[int] = LITERALS, distances: Sequence[int] = (0,)
) -> bytes:
    """The stream of literals and repeats, END behind them, by the lengths of two codes."""
    bits = [*_number(1, 1), *_number(2, 2), *_number(len(literals) - 257, 5), *_number(len(distances) - 1, 5)]
    bits += [*_number(15, 4), *(bit for symbol in _ORDER for bit in _number(4 if symbol < 16 else 0, 3))]
    bits += [bit for length in (*literals, *distances) for bit in _word(length, 4)]
    words, of_distances = _words(literals), _words(distances)
    for symbol in (*symbols, END):
        if isinstance(symbol, Repeat):
            code, extra, low = distance_code(symbol.distance)
            bits += [*words[257], *of_distances[code], *_number(symbol.distance - low, extra)]
        else:
            bits += words.get(symbol, [])
    bits += [0] * (-len(bits) % 8)
    return bytes(sum(bit << place for place, bit in enumerate(bits[at : at + 8])) for at in range(0, len(bits), 8))


def _words(lengths: Sequence[int]) -> dict[int, list[int]]:
    """The canonical code words (3.2.2); where there are too many, those beyond the end are cut."""
    words, code = {}, 0
    for length in range(1, 16):
        code <<= 1
        for symbol in (symbol for symbol, one in enumerate(lengths) if one == length):
            words[symbol] = list(_word(code, length))
            code += 1
    return words


def distance_code(distance: int) -> tuple[int, int, int]:
    """The code of a distance, how many extra bits it has, and its least distance (3.2.5)."""
    code, low = 0, 1
    while True:
        extra = max(code // 2 - 1, 0)
        if distance < low + (1 << extra):
            return code, extra, low
        code, low = code + 1, low + (1 << extra)


def _number(value: int, count: int) -> Iterator[int]:
    return (value >> place & 1 for place in range(count))


def _word(value: int, count: int) -> Iterator[int]:
    return (value >> place & 1 for place in reversed(range(count)))
