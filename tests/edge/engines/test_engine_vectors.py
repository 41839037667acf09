"""The vectors of ENGINE.md, against the reference and against a second, plain reading of the text."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edge.engines
from edge.engines.arithmetic import gelu, levels_of
from edge.engines.distances import bucket
from edge.engines.shape import ModelShape
from edge.engines.timeline import Timeline

PATH = Path(edge.engines.__file__).with_name("vectors.jsonl")
LINES = [json.loads(line) for line in PATH.read_text(encoding="ascii").splitlines()]
ONE = np.float32(1)


def of_kind(kind: str) -> list[dict[str, Any]]:
    return [line for line in LINES if line["kind"] == kind]


def plain_bucket(distance: int, buckets: int) -> int:
    """By exact fractions: k counts how often a third of a doubling goes into distance / near."""
    near = buckets // 2
    if distance < near:
        return distance
    ratio, k = Fraction(distance, near) ** 3, 0
    while ratio >= 2 ** (k + 1):
        k += 1
    return min(near + k, buckets - 1)


@pytest.mark.parametrize("line", of_kind("bucket"))
def test_distances_have_the_buckets_of_the_vectors(line: dict[str, Any]) -> None:
    for distance, expected in zip(line["of"], line["expected"], strict=True):
        assert bucket(distance, line["distances"]) == plain_bucket(distance, line["distances"]) == expected


@pytest.mark.parametrize("line", of_kind("apart"))
def test_entries_see_each_other_as_the_vectors_say(line: dict[str, Any]) -> None:
    places, buckets, entries, new = (line[name] for name in ("places", "distances", "entries", "new"))
    timeline = Timeline(ModelShape(4, 2, (1,), 1, 4, places, 0, buckets, 2, 1, 0))
    timeline.length = entries
    found = timeline.apart()[None] if new is None else timeline.apart_of_new(new)
    plain = [
        [plain_bucket(entries + row - place, buckets) if place < entries else buckets for place in range(places)]
        + [plain_bucket(row - other, buckets) if other <= row else buckets for other in range(new or 0)]
        for row in range(new or 1)
    ]
    assert found.tolist() == plain == line["expected"]


@pytest.mark.parametrize("line", of_kind("levels"))
def test_rows_have_the_levels_of_the_vectors(line: dict[str, Any]) -> None:
    levels, step = levels_of(np.array([line["row"]], dtype=np.float32))
    assert levels[0].tolist() == line["levels"] and step.item() == line["step"]
    row = [np.float32(value) for value in line["row"]]
    low, high = min(np.float32(0), *row), max(np.float32(0), *row)
    plain = max((high - low) / np.float32(255), np.float32(1e-12))
    zero = min(max(half_even(np.float32(-128) - low / plain), -128), 127)
    limited = [min(max(half_even(value * (ONE / plain)) + zero, -128), 127) for value in row]
    assert [level - zero for level in limited] == line["levels"] and plain.item() == line["step"]


def half_even(value: np.float32) -> int:
    return int(Decimal(float(value)).to_integral_value("ROUND_HALF_EVEN"))


@pytest.mark.parametrize("line", of_kind("gelu"))
def test_gelu_is_as_near_as_the_vectors_ask(line: dict[str, Any]) -> None:
    found, expected = gelu(np.array(line["of"], dtype=np.float32)), np.array(line["expected"])
    assert (np.abs(found - expected) <= 4e-7 * np.maximum(1.0, np.abs(expected))).all()
