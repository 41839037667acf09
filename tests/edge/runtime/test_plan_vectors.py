"""The vectors of PLAN.md, against the runtime and against a second, plain reading of the text."""

from __future__ import annotations

import json
import math
from collections import OrderedDict
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from named_texts import named_texts
from noting_engine import NotingEngine

import edge.runtime
from edge.bundle.exits import Exit, MeasuredExit
from edge.runtime.choice import Work, choose
from edge.runtime.costs import Costs
from edge.runtime.pace import Pace
from edge.runtime.summaries import Summaries
from edge.runtime.window import first_event

HOME = Path(edge.runtime.__file__).parent
LINES = [json.loads(line) for name in ("planner", "lru") for line in (HOME / f"{name}.jsonl").read_text().splitlines()]


def of_kind(kind: str) -> list[dict[str, Any]]:
    return [line for line in LINES if line["kind"] == kind]


@pytest.mark.parametrize("line", of_kind("exit"))
def test_the_runtime_takes_the_exits_of_the_vectors(line: dict[str, Any]) -> None:
    points = {name: tuple(map(tuple, line["costs"][name])) for name in ("chunk", "encode", "append")}
    costs = Costs(**points, score=tuple(tuple(map(tuple, each)) for each in line["costs"]["score"]))
    works = {
        int(depth): Work(
            tuple(work["chunks"]), tuple(work["phrases"]), work["entries"], work["candidates"], work.get("candidates_0")
        )
        for depth, work in line["works"].items()
    }
    exits = [
        MeasuredExit(
            Exit(one["encode"], one["interact"]),
            {name: one[name] for name in ("auc", "validation_auc") if one.get(name) is not None},
        )
        for one in line["exits"]
    ]
    found = choose(costs, works, exits, line["phrase_depth"], line["budget_ms"], line["min_auc"])
    assert vars(found.exit) | {"milliseconds": pytest.approx(found.milliseconds)} == line["expected"]


@pytest.mark.parametrize("line", of_kind("exit"))
def test_a_plain_reading_of_the_text_takes_the_same(line: dict[str, Any]) -> None:
    def cost(points: list[list[float]], size: float) -> float:
        if size <= points[0][0]:
            return points[0][1]
        for (low, before), (high, after) in pairwise(points):
            if size <= high:
                return before + (after - before) * (size - low) / (high - low)
        if len(points) == 1:
            return points[0][1]
        (low, before), (high, after) = points[-2:]
        return after + max((after - before) / (high - low), 0.0) * (size - high)

    def milliseconds(exit: dict[str, Any]) -> float:
        work, costs = line["works"][str(exit["encode"])], line["costs"]
        total = sum(cost(costs["chunk"], t) + exit["encode"] * cost(costs["encode"], t) for t in work["chunks"])
        total += sum(cost(costs["chunk"], t) + line["phrase_depth"] * cost(costs["encode"], t) for t in work["phrases"])
        total += cost(costs["append"], work["entries"]) if work["entries"] else 0
        candidates = work["candidates"] if exit["interact"] else work.get("candidates_0", work["candidates"])
        return total + (cost(costs["score"][exit["interact"]], candidates) if candidates else 0)

    def quality(exit: dict[str, Any]) -> tuple[float, int, int]:
        known = [value for value in (exit.get("validation_auc"), exit["auc"]) if value is not None]
        return (known[0] if known else -math.inf, exit["encode"], exit["interact"])

    exits, budget, asked = line["exits"], line["budget_ms"], line["min_auc"]
    cheapest = {"key": lambda exit: (milliseconds(exit), exit["encode"], exit["interact"])}
    good = [exit for exit in exits if asked is None or (exit["auc"] or 0) >= asked]
    if budget is None:
        found = min(good, **cheapest) if good and asked is not None else max(exits, key=quality)
    else:
        fitting = [exit for exit in good or exits if milliseconds(exit) <= budget]
        found = max(fitting, key=quality) if fitting else min(good or exits, **cheapest)
    expected = line["expected"]
    assert (found["encode"], found["interact"]) == (expected["encode"], expected["interact"])
    assert milliseconds(found) == pytest.approx(expected["milliseconds"])


@pytest.mark.parametrize("line", of_kind("first"))
def test_the_oldest_quarter_leaves_as_the_vectors_say(line: dict[str, Any]) -> None:
    most = line["most"]
    assert [first_event(count, most) for count in line["events"]] == line["expected"]
    for count, first in zip(line["events"], line["expected"], strict=True):
        quarter = max(most // 4, 1)
        plain = 0 if count <= most else count if most == 0 else quarter * math.ceil((count - most) / quarter)
        assert first == plain


@pytest.mark.parametrize("line", of_kind("pace"))
def test_the_pace_follows_the_vectors(line: dict[str, Any]) -> None:
    pace, predicted, spent, spread = Pace(), 10.0, 10.0, 0.05
    for (p, s), expected in zip(line["steps"], line["expected"], strict=True):
        pace.add(p, s)
        assert [pace.factor, pace.cautious] == pytest.approx(expected)
        if p > 0:
            factor = spent / predicted
            s = min(s, 10 * factor * p)
            weight = 0.5 ** (s / 60)
            spread = weight * spread + (1 - weight) * min(abs(s / (factor * p) - 1), 1)
            predicted, spent = weight * predicted + p, weight * spent + s
        assert expected == pytest.approx([spent / predicted, spent / predicted * (1 + 2 * spread)])


@pytest.mark.parametrize("line", of_kind("summaries"))
def test_summaries_are_computed_and_kept_as_the_vectors_say(line: dict[str, Any]) -> None:
    engine = NotingEngine(line)
    summaries = Summaries(engine, line["budget_bytes"])  # type: ignore[arg-type]
    plain: OrderedDict[tuple[int, tuple[int, ...]], int] = OrderedDict()
    for request, expected in zip(line["requests"], line["expected"], strict=True):
        segments, depth = [tuple(segment) for segment in request["segments"]], request["depth"]
        engine.chunks = []
        missing = summaries.look(segments, depth).missing
        summaries.of(segments, depth)
        assert ([list(one) for one in missing], engine.chunks) == (expected["missing"], expected["chunks"])
        assert summaries.bytes == expected["bytes"]
        keep(plain, segments, depth, line)
        assert [[depth, list(segment)] for depth, segment in plain] == expected["kept"]


def keep(
    plain: OrderedDict[tuple[int, tuple[int, ...]], int],
    segments: list[tuple[int, ...]],
    depth: int,
    line: dict[str, Any],
) -> None:
    """What PLAN.md, section 2, says of a request's segments: read first, then what is missing is put."""
    keys = [(depth, segment) for segment in segments]
    new = [key for key in dict.fromkeys(keys) if key not in plain]
    for key in keys:
        if key in plain:
            plain.move_to_end(key)
    for key in new:
        size = 2 * line["hidden"] + 8 * len(key[1])
        if size > line["budget_bytes"]:
            continue
        plain[key] = size
        while sum(plain.values()) > line["budget_bytes"]:
            plain.popitem(last=False)


@pytest.mark.parametrize("line", of_kind("texts"))
def test_a_request_names_its_texts_in_the_order_of_the_vectors(line: dict[str, Any]) -> None:
    found = named_texts(line["most"], line["events"], line["kept"], line["candidates"])
    assert found == line["expected"]
