"""Normalisation and word splitting, by one table of characters instead of the platform's Unicode version."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from functools import cache
from pathlib import Path
from typing import Any

TABLES = Path(__file__).with_name("characters.json")
SCHEMA = "edge-ranker/characters/1"

_HANGUL_FIRST, _HANGUL_LAST = 0xAC00, 0xD7A3
_LEADING, _VOWELS, _TRAILING = 0x1100, 0x1161, 0x11A7  # where the letters of a Hangul syllable begin
_WALL = "\0"  # stands for a vanished character that keeps marks apart; no text holds it after cleaning
_REMEMBERED = 20_000  # replacements kept in memory; rarer characters are looked up again


def normalize(text: str, lowercase: bool = True) -> str:
    """What `tokenizers`' BertNormalizer makes of `text`: cleaned, ideographs spaced, folded if `lowercase`.

    Folding decomposes (NFD), drops accents and lowercases each character on its own.
    """
    if text.isascii() and text.isprintable():
        return text.lower() if lowercase else text
    if not lowercase:
        return text.translate(_clean())
    folded = text.translate(_fold())
    return _reorder(text) if _marks_in_a_row().search(folded) else folded


def words(normalized: str) -> list[str]:
    """The words of a normalised text: each punctuation mark alone, what stands between them whole."""
    return _word().findall(normalized)


def _reorder(text: str) -> str:
    """`text` folded, with every run of surviving marks in canonical order."""
    order = _order()

    def in_order(run: re.Match[str]) -> str:
        return "".join(sorted(run.group(), key=order.__getitem__))

    return _marks_in_a_row().sub(in_order, text.translate(_fold_with_walls())).replace(_WALL, "")


class _Replacements(dict[int, "str | None"]):
    """Each code point's replacement, None to remove it, for `str.translate`; ranges are looked up once."""

    def __init__(self, ranges: list[tuple[int, int, str | None]], single: dict[int, str | None]) -> None:
        super().__init__(single)
        self._ranges = sorted(ranges, key=lambda entry: entry[0])
        self._firsts = [first for first, _, _ in self._ranges]
        self._syllables = bool(single)

    def __missing__(self, point: int) -> str | None:
        found = self._find(point)
        if len(self) < _REMEMBERED:
            self[point] = found
        return found

    def _find(self, point: int) -> str | None:
        if self._syllables and _HANGUL_FIRST <= point <= _HANGUL_LAST:
            return _letters(point - _HANGUL_FIRST)
        place = bisect_right(self._firsts, point) - 1
        if place >= 0 and point <= self._ranges[place][1]:
            replacement = self._ranges[place][2]
            return replacement and replacement.replace("x", chr(point))
        return chr(point)


def _letters(syllable: int) -> str:
    """A Hangul syllable's two or three letters (The Unicode Standard, section 3.12)."""
    letters = chr(_LEADING + syllable // 588) + chr(_VOWELS + syllable % 588 // 28)
    return letters + chr(_TRAILING + syllable % 28) if syllable % 28 else letters


@cache
def _tables() -> dict[str, Any]:
    tables: dict[str, Any] = json.loads(TABLES.read_text(encoding="ascii"))
    assert tables["schema"] == SCHEMA
    return tables


def _ranges(name: str, replacement: str | None) -> list[tuple[int, int, str | None]]:
    return [(first, last, replacement) for first, last in _tables()[name]]


def _cleaned() -> list[tuple[int, int, str | None]]:
    return [*_ranges("removed", None), *_ranges("spaces", " "), *_ranges("ideographs", " x ")]


def _folded() -> dict[int, str | None]:
    return {int(point, 16): text for point, text in _tables()["folded"].items()}


@cache
def _clean() -> _Replacements:
    return _Replacements(_cleaned(), {})


@cache
def _fold() -> _Replacements:
    return _Replacements([*_cleaned(), *_ranges("dropped", None)], _folded())


@cache
def _fold_with_walls() -> _Replacements:
    walls: dict[int, str | None] = {
        point: _WALL for first, last in _tables()["walls"] for point in range(first, last + 1)
    }
    return _Replacements([*_cleaned(), *_ranges("dropped", None)], _folded() | walls)


@cache
def _order() -> dict[str, int]:
    """Of each mark that survives folding, its place within a run of such marks."""
    return {
        chr(point): place
        for place, group in enumerate(_tables()["order"])
        for first, last in group
        for point in range(first, last + 1)
    }


@cache
def _marks_in_a_row() -> re.Pattern[str]:
    return re.compile("[" + "".join(_order()) + "]{2,}")


@cache
def _word() -> re.Pattern[str]:
    marks = "".join(
        f"\\U{first:08x}-\\U{last:08x}" for first, last in _tables()["punctuation"]
    )  # fmt: skip
    return re.compile(f"[{marks}]|[^{marks} ]+")
