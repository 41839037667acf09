"""Are time budgets met, how deep do they let a request go, and how good is the prediction?

    python benchmarks/deadlines.py runs/tokens/export/movies.edge
    python benchmarks/deadlines.py runs/tokens/export/movies.edge --load     # beside a busy process on another core

Requests are those of the bundle's golden file: users with histories cut at random, candidates drawn from all that it
has. New users and users who are kept take turns, budgets are shuffled, so that each meets the same conditions. A budget
counts as feasible where the fastest answer there is (shallowest exit, same request) keeps to it in 95 of 100.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.bundle.bundle import open_bundle
from edge.conformance.golden import read_golden
from edge.files import lines_of
from edge.runtime.ranked import Ranked
from edge.runtime.ranker import Ranker, UserState
from edge.table import render
from edge.text.types import Request

BUDGETS = (5.0, 10.0, 20.0, 50.0, 100.0, 500.0)
SIZES = (5, 10, 20, 50, 100, 200)


@dataclass(frozen=True)
class Sample:
    """One request under one budget, and the time of the fastest answer to the same request."""

    budget: float
    candidates: int
    kept: bool
    fastest_ms: float
    ranked: Ranked


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--engine", default="litert")
    parser.add_argument("--rounds", type=int, default=25, help="each runs every budget on every size, twice")
    parser.add_argument("--budgets", type=float, nargs="+", default=BUDGETS)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--load", action="store_true")
    arguments = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[:1])
    load = multiprocessing.Process(target=_spin, args=(cores[-1],), daemon=True)
    if arguments.load:
        load.start()
    ranker = Ranker.open(arguments.bundle, engine=arguments.engine)
    golden = read_golden(lines_of(open_bundle(arguments.bundle).read("golden.jsonl").decode()))
    samples = list(_samples(ranker, [record.request for record in golden], arguments))
    ranker.close()
    if arguments.load:
        load.kill()
    print(_report(samples))
    return 0


def _spin(core: int) -> None:
    os.sched_setaffinity(0, [core])
    while True:
        pass


def _samples(ranker: Ranker, requests: list[Request], arguments: argparse.Namespace) -> Iterator[Sample]:
    random.seed(0)
    pool = list({item.id: item for request in requests for item in request.candidates}.values())
    work = [(budget, size) for budget in arguments.budgets for size in arguments.sizes]
    for round in range(arguments.rounds):
        random.shuffle(work)
        for budget, size in work:
            candidates = random.choices(pool, k=size)
            user = _user(ranker, requests)
            for kept in (False, True):
                fastest = ranker.rank(_user(ranker, requests) if not kept else user, candidates, budget_ms=1e-3)
                ranked = ranker.rank(user, candidates, budget_ms=budget)
                if round:  # the first warms up
                    yield Sample(budget, size, kept, fastest.milliseconds, ranked)
        print(f"round {round + 1} of {arguments.rounds}", file=sys.stderr, flush=True)


def _user(ranker: Ranker, requests: list[Request]) -> UserState:
    """One who was never seen."""
    request = random.choice([request for request in requests if request.events])
    events = random.sample(request.events, random.randint(1, len(request.events)))
    return ranker.user(request.user, events)


def _report(samples: list[Sample]) -> str:
    headings = ("budget ms", "candidates", "user", "requests", "feasible", "met of feasible", "p50 ms", "p95 ms")
    headings = (*headings, "exits", "plans", "prediction off by, median")
    keys = sorted({(sample.budget, sample.candidates, sample.kept) for sample in samples})
    rows, feasible, met = [], 0, 0
    for budget, size, kept in keys:
        mine = [s for s in samples if (s.budget, s.candidates, s.kept) == (budget, size, kept)]
        within = sum(1 for sample in mine if sample.fastest_ms <= budget)
        can = mine if within >= 0.95 * len(mine) else []
        kept_to = sum(1 for sample in can if sample.ranked.explanation.met)
        feasible, met = feasible + len(can), met + kept_to
        spent = sorted(sample.ranked.milliseconds for sample in mine)
        off = [_off(sample.ranked) for sample in mine if _as_planned(sample.ranked)]
        rows.append(
            (
                f"{budget:g}", size, "kept" if kept else "new", len(mine), len(can),
                f"{kept_to / len(can):.0%}" if can else "-",
                f"{spent[len(spent) // 2]:.1f}", f"{spent[int(0.95 * len(spent))]:.1f}",
                _counts([str(sample.ranked.depth) for sample in mine]),
                _counts([sample.ranked.explanation.plan for sample in mine]),
                f"{statistics.median(off):.0%}" if off else "-",
            )
        )  # fmt: skip
    missed = [s for s in samples if not s.ranked.explanation.met]
    said = sum(1 for sample in missed if sample.ranked.explanation.missed)
    summary = f"met {met} of {feasible} feasible requests ({met / max(feasible, 1):.1%}); "
    return f"{render(headings, rows)}\n\n{summary}{len(missed)} missed in all, {said} of them said so"


def _off(ranked: Ranked) -> float:
    """How far the prediction was from what was spent, as a share."""
    return abs(ranked.explanation.predicted_ms / ranked.milliseconds - 1)


def _as_planned(ranked: Ranked) -> bool:
    return ranked.depth == ranked.explanation.planned_depth


def _counts(values: list[str]) -> str:
    return " ".join(f"{value}:{values.count(value)}" for value in sorted(set(values)))


if __name__ == "__main__":
    sys.exit(main())
