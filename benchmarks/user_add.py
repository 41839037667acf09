"""What one more event costs a user who is kept, and what a cascade saves.

    python benchmarks/user_add.py runs/full_shape/int8/full.edge
    python benchmarks/user_add.py runs/tokens/export/movies.edge --rounds 20 --cascade

`user.add` in the segments plan: the new event alone, then also the layers in which segments meet, against building a
like user anew; all in turns within one run. The cascade: 50 candidates of a user who is kept, against scoring all of
them at the deepest exit, with the agreement of the ten best in this run.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from pathlib import Path

from edge.conformance.golden import read_golden
from edge.runtime.ranker import Ranker, UserState
from edge.runtime.user_side import states_alone

from edge.bundle.bundle import open_bundle
from edge.files import lines_of
from edge.table import render
from edge.text.types import Event, Item, Request

CANDIDATES, TOP = 50, 10


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--engine", default="litert")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cascade", action="store_true")
    arguments = parser.parse_args()
    random.seed(0)
    golden = read_golden(lines_of(open_bundle(arguments.bundle).read("golden.jsonl").decode()))
    requests = [record.request for record in golden]
    measure = _cascade if arguments.cascade else _add
    print(measure(arguments, requests))
    return 0


def _add(arguments: argparse.Namespace, requests: list[Request]) -> str:
    longest = max(requests, key=lambda request: len(request.events))
    events = longest.events * (40 // len(longest.events) + 1)
    ranker = Ranker.open(arguments.bundle, engine=arguments.engine, memory_mb=500)
    rows = []
    for plan in ("segments", "prefix"):
        samples = []
        for round in range(arguments.rounds + 1):
            one, other = (
                [_unlike(event, f"{plan} {round} {name} {place}") for place, event in enumerate(events)]
                for name in "xy"
            )
            user = ranker.user(longest.user, other[:-1])
            user.prepare(plan=plan)
            anew = _prepared(ranker.user(longest.user, one), plan)
            user.add(other[-1])
            alone = _alone(ranker, user) if plan == "segments" else 0.0
            samples.append((anew, alone, alone + _prepared(user, plan)))
        figures = [statistics.median(column) for column in zip(*samples[1:], strict=True)]  # the first warms up
        ratios = [statistics.median(sample[part] / sample[0] for sample in samples[1:]) for part in (1, 2)]
        tokens = sum(map(len, user.segments))
        rows.append((plan, tokens, *(f"{each:.1f}" for each in figures), *(f"{ratio:.3f}" for ratio in ratios)))
    ranker.close()
    headings = (
        "plan",
        "user tokens",
        "built anew, ms",
        "the event alone",
        "ready to rank",
        "ratio alone",
        "ratio ready",
    )
    return render(headings, rows)


def _alone(ranker: Ranker, user: UserState) -> float:
    """Milliseconds of the newest event's layers before the segments meet."""
    started = time.perf_counter()
    states_alone(ranker._engine, user.segments[-2:-1], ranker._engine.shape.handover, ranker._segments)
    return (time.perf_counter() - started) * 1e3


def _unlike(event: Event, mark: str) -> Event:
    """The same event in words that no other has, so that nothing of it is kept from before."""
    title = f"{mark} {event.item.attributes.get('title', '')}"
    return Event(Item(event.item.id, {**event.item.attributes, "title": title}), event.attributes)


def _prepared(user: UserState, plan: str) -> float:
    """Milliseconds until the user side is there, at every depth."""
    started = time.perf_counter()
    user.prepare(plan=plan)
    return (time.perf_counter() - started) * 1e3


def _cascade(arguments: argparse.Namespace, requests: list[Request]) -> str:
    ranker = Ranker.open(arguments.bundle, engine=arguments.engine)
    pool = list({item.id: item for request in requests for item in request.candidates}.values())
    ratios, overlaps = [], []
    for round in range(arguments.rounds + 1):
        request = random.choice([request for request in requests if request.events])
        user = ranker.user(request.user, random.sample(request.events, random.randint(1, len(request.events))))
        candidates = random.sample(pool, min(CANDIDATES, len(pool)))
        user.prepare()
        whole = ranker.rank(user, candidates)
        part = ranker.rank(user, candidates, top=TOP, cascade=True)
        again = ranker.rank(user, candidates)
        if round:
            ratios.append((whole.milliseconds + again.milliseconds) / 2 / part.milliseconds)
            best = {item.id for item in whole.items[:TOP]} & {item.id for item in part.items[:TOP]}
            overlaps.append(len(best) / TOP)
    ranker.close()
    low, middle, high = statistics.quantiles(ratios, n=4)
    return (
        f"{len(ratios)} requests of {CANDIDATES} candidates: {middle:.2f} times faster ({low:.2f} to {high:.2f} in the "
        f"middle half), top-{TOP} agreement {statistics.mean(overlaps):.3f}"
    )


if __name__ == "__main__":
    sys.exit(main())
