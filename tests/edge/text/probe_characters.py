"""Writes the character tables: what `tokenizers` does to every code point, so that no port asks its system.

python tests/edge/text/probe_characters.py edge/text/characters.json
"""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path

import tokenizers
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

HANGUL = range(0xAC00, 0xD7A4)  # decomposed by formula
SURROGATES = range(0xD800, 0xE000)
EARLY, LATE = "\u1b44", "\U0001d165"  # surviving marks, of combining classes 9 and 216


def ranges(points: Iterable[int]) -> list[list[int]]:
    """Sorted code points as [first, last] pairs."""
    found: list[list[int]] = []
    for point in points:
        if found and found[-1][1] == point - 1:
            found[-1][1] = point
        else:
            found.append([point, point])
    return found


def probe() -> dict[str, object]:
    points = [point for point in range(0x110000) if point not in SURROGATES]
    keep = BertNormalizer(lowercase=False).normalize_str
    fold = BertNormalizer(lowercase=True).normalize_str
    kept = {point: keep(chr(point)) for point in points}
    folded = {point: fold(chr(point)) for point in points}
    ideographs = [point for point in points if kept[point] == f" {chr(point)} "]
    return {
        "schema": "edge-ranker/characters/1",
        "source": f"tokenizers {tokenizers.__version__}: BertNormalizer, BertPreTokenizer",
        "removed": ranges(sorted([*(p for p in points if kept[p] == ""), *SURROGATES])),
        "spaces": ranges(p for p in points if kept[p] == " "),
        "ideographs": ranges(ideographs),
        "dropped": ranges(p for p in points if kept[p] and not folded[p]),
        "folded": {
            f"{p:04X}": folded[p]
            for p in points
            if folded[p] and folded[p] != kept[p] and p not in HANGUL
        },
        "order": order(points, folded, fold),
        "walls": ranges(walls(points, kept, folded, fold)),
        "punctuation": ranges(punctuation(points)),
    }  # fmt: skip


def order(points: list[int], folded: dict[int, str], fold: Callable[[str], str]) -> list[list[list[int]]]:
    """Marks that survive folding, in groups: within a run of marks, an earlier group's come first."""
    marks = [p for p in points if folded[p] == chr(p) and unicodedata.combining(chr(p))]

    def follows(first: int, second: int) -> bool:
        return first != second and fold(chr(first) + chr(second)) == chr(second) + chr(first)

    before = {p: sum(follows(p, other) for other in marks) for p in marks}
    marks = [p for p in marks if before[p] or any(follows(other, p) for other in marks)]
    groups = sorted({before[p] for p in marks})
    return [ranges(p for p in marks if before[p] == group) for group in groups]


def walls(points: list[int], kept: dict[int, str], folded: dict[int, str], fold: Callable[[str], str]) -> list[int]:
    """Code points that vanish when folding yet keep the marks on their two sides apart."""
    return [p for p in points if kept[p] and not folded[p] and fold(LATE + chr(p) + EARLY) == LATE + EARLY]


def punctuation(points: list[int]) -> list[int]:
    split = BertPreTokenizer().pre_tokenize_str
    return [p for p in points if [word for word, _ in split(f"a{chr(p)}a")] == ["a", chr(p), "a"]]


def write(path: Path) -> None:
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in probe().items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="ascii")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
