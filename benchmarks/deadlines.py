"""Are time budgets met, which exits do they let a request reach, and how good is the prediction?

    python benchmarks/deadlines.py movies.edge --out benchmarks/results/deadlines.json
    python benchmarks/deadlines.py movies.edge --out benchmarks/results/deadlines-load.json --load

The requests are made of the bundle's golden file: users with histories cut at random, and items with words drawn from
the whole file, so that none is kept. One ranker answers all of them, as in an app. Scenarios take turns, in a shuffled
order of budgets and sizes, so that all run under the same conditions. A scenario with one budget at one size counts as
feasible if the cheapest exit (a budget of 1 us, similar requests) is within the budget in 95 of 100 requests. Exits
with 1 if fewer than 98 % of feasible requests are in time, or if more than 1 % of the requests that are late, by a
clock around the call, do not report it. A run takes 2 to 5 minutes.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from edge.bench.host import this_host
from edge.bench.run import read_requests
from edge.bench.scenarios import SCENARIOS
from edge.files import write_json
from edge.runtime.ranked import Ranked
from edge.runtime.ranker import Ranker
from edge.table import render
from edge.text.types import Item, Request, Value

BUDGETS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
SIZES = (5, 20, 50, 100, 200, 500)
FEASIBLE, IN_TIME = 0.95, 0.98
NO_TIME = 1e-3  # ms: the cheapest exit
LATE, CALL_MS = 1.02, 0.2  # what a clock around the call may add to that within it
SILENT = 0.01  # of the late: those that lost the processor after their last look at the clock


@dataclass(frozen=True)
class Sample:
    """One request under one budget, and the time of the fastest answer to the same request."""

    budget: float
    candidates: int
    scenario: str
    fastest_ms: float
    outside_ms: float  # by a clock around the call
    ranked: Ranked


@dataclass(frozen=True)
class Cell:
    """Requests of one kind, size and budget."""

    budget: float
    candidates: int
    scenario: str
    requests: int
    feasible: bool
    in_time: int
    late_and_silent: int
    p50_ms: float
    p95_ms: float
    exits: dict[str, int]
    prediction_off: float | None  # median, as a share


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--engine", default="litert")
    parser.add_argument(
        "--rounds", type=int, default=25, help="each runs every budget on every size, in every scenario"
    )
    parser.add_argument("--budgets", type=float, nargs="+", default=BUDGETS)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--load", action="store_true", help="keep another core busy")
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    arguments = parser.parse_args()
    cores, host = sorted(os.sched_getaffinity(0)), this_host()
    os.sched_setaffinity(0, cores[:1])
    load = multiprocessing.Process(target=_spin, args=(cores[-1],), daemon=True)
    if arguments.load:
        load.start()
    cells = summary(list(_samples(arguments)))
    if arguments.load:
        load.kill()
    totals = totals_of(cells)
    if arguments.out:
        settings = {"host": asdict(host), "load": arguments.load, "rounds": arguments.rounds}
        write_json(arguments.out, settings | totals | {"cells": [asdict(cell) for cell in cells]})
    print(_text(cells, totals))
    return 0 if totals["share_in_time"] >= IN_TIME and totals["late_and_silent"] <= SILENT * totals["late"] else 1


def _spin(core: int) -> None:
    os.sched_setaffinity(0, [core])
    while True:
        pass


def _samples(arguments: argparse.Namespace) -> Iterator[Sample]:
    """The first round warms up."""
    ranker = Ranker.open(arguments.bundle, arguments.engine, keep=False)
    texts = Texts(read_requests(arguments.bundle, None))
    work = [(budget, size, name) for budget in arguments.budgets for size in arguments.sizes for name in SCENARIOS]
    for round in range(arguments.rounds):
        random.shuffle(work)
        for budget, size, scenario in work:
            request = texts.request(size)
            fastest, _ = _answer(ranker, texts.other_words(request), scenario, NO_TIME)
            ranked, taken = _answer(ranker, texts.other_words(request), scenario, budget)
            if round:
                yield Sample(budget, size, scenario, fastest.milliseconds, taken, ranked)
        print(f"round {round + 1} of {arguments.rounds}", file=sys.stderr, flush=True)
    ranker.close()


def _answer(ranker: Ranker, request: Request, scenario: str, budget: float) -> tuple[Ranked, float]:
    """And milliseconds by a clock outside."""
    candidates: Any = request.candidates
    user = ranker.user(request.user, request.events[:-1] if scenario == "added" else request.events)
    if scenario in ("kept", "added"):
        candidates = ranker.prepare(request.candidates)
    if scenario != "new":
        ranker.rank(user, () if scenario == "new_items" else candidates, time_s=request.time)
    if scenario == "added":
        ranker.prepare([Item("of the event", request.events[-1].item.attributes)])
        user.add(request.events[-1])
    started = time.perf_counter()
    ranked = ranker.rank(user, candidates, budget_ms=budget, time_s=request.time)
    return ranked, (time.perf_counter() - started) * 1e3


class Texts:
    """Requests with new random words; each text keeps its number of words."""

    def __init__(self, requests: Sequence[Request]) -> None:
        self._chance = random.Random(0)
        self._requests = [request for request in requests if len(request.events) > 1 and request.candidates]
        self._words = sorted({
            word
            for request in requests
            for item in (*request.candidates, *(event.item for event in request.events))
            for value in item.attributes.values() if isinstance(value, str)
            for word in value.split()
        })  # fmt: skip

    def request(self, candidates: int) -> Request:
        request = self._chance.choice(self._requests)
        events = request.events[self._chance.randrange(len(request.events) - 1) :]
        chosen = self._chance.choices(request.candidates, k=candidates)
        items = tuple(replace(item, id=f"{number}") for number, item in enumerate(chosen))
        return replace(request, events=events, candidates=items)

    def other_words(self, request: Request) -> Request:
        events = tuple(replace(event, item=self._item(event.item)) for event in request.events)
        return replace(request, events=events, candidates=tuple(map(self._item, request.candidates)))

    def _item(self, item: Item) -> Item:
        return Item(item.id, {name: self._value(value) for name, value in item.attributes.items()})

    def _value(self, value: Value) -> Value:
        if not isinstance(value, str):
            return value
        return " ".join(self._chance.choices(self._words, k=len(value.split())))


def summary(samples: Sequence[Sample]) -> list[Cell]:
    keys = sorted({(one.budget, one.candidates, one.scenario) for one in samples})
    return [_cell(*key, [one for one in samples if (one.budget, one.candidates, one.scenario) == key]) for key in keys]


def _cell(budget: float, candidates: int, scenario: str, samples: Sequence[Sample]) -> Cell:
    within = sum(one.fastest_ms <= budget for one in samples)
    spent = sorted(one.ranked.milliseconds for one in samples)
    off = [_off(one.ranked) for one in samples if one.ranked.explanation.exit == one.ranked.explanation.planned]
    exits = [str(one.ranked.explanation.exit) for one in samples]
    return Cell(
        budget,
        candidates,
        scenario,
        len(samples),
        within >= FEASIBLE * len(samples),
        sum(bool(one.ranked.explanation.met) for one in samples),
        sum(one.outside_ms > LATE * budget + CALL_MS and not one.ranked.explanation.missed for one in samples),
        spent[len(spent) // 2],
        spent[int(0.95 * len(spent))],
        {exit: exits.count(exit) for exit in sorted(set(exits))},
        statistics.median(off) if off else None,
    )


def _off(ranked: Ranked) -> float:
    """How far the prediction was from what was spent, as a share."""
    return abs(ranked.explanation.predicted_ms / ranked.milliseconds - 1)


def totals_of(cells: Sequence[Cell]) -> dict[str, Any]:
    feasible = [cell for cell in cells if cell.feasible]
    asked, met = sum(cell.requests for cell in feasible), sum(cell.in_time for cell in feasible)
    return {
        "requests": sum(cell.requests for cell in cells),
        "feasible": asked,
        "in_time": met,
        "share_in_time": met / asked if asked else 0.0,
        "late": sum(cell.requests - cell.in_time for cell in cells),
        "late_and_silent": sum(cell.late_and_silent for cell in cells),
    }


def _text(cells: Sequence[Cell], totals: dict[str, Any]) -> str:
    headings = ("budget ms", "candidates", "scenario", "requests", "in time", "p50 ms", "p95 ms", "exits", "off by")
    rows = [
        (f"{cell.budget:g}", cell.candidates, cell.scenario, cell.requests,
         f"{cell.in_time / cell.requests:.0%}" if cell.feasible else f"{cell.in_time} (not feasible)",
         f"{cell.p50_ms:.1f}", f"{cell.p95_ms:.1f}", " ".join(f"{name}:{count}" for name, count in cell.exits.items()),
         "-" if cell.prediction_off is None else f"{cell.prediction_off:.0%}")
        for cell in cells
    ]  # fmt: skip
    said = f"{totals['in_time']:,} of {totals['feasible']:,} feasible requests in time ({totals['share_in_time']:.2%})"
    late = (
        f"{totals['late']:,} of all {totals['requests']:,} late, {totals['late_and_silent']} of them without saying so"
    )
    return f"{render(headings, rows)}\n\n{said}; {late}"


if __name__ == "__main__":
    sys.exit(main())
