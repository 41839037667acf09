"""Many mixed requests on several threads, with far too little memory for their users: errors, growth, wrong scores?

    python benchmarks/soak.py runs/quickstart/export/movies.edge

Users, events and candidates are drawn from the bundle's golden requests. Threads rank in every plan, at fixed depths,
within budgets, with the cascade, add events and prepare users; each answer is compared with that of a single thread.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.bench.resident import memory
from edge.bundle import open_bundle
from edge.golden import read_golden
from edge.ranked import Ranked
from edge.ranker import Ranker
from edge.text.types import Event, Item, Request, User

EVERY = 1000  # requests between two looks at the memory


@dataclass(frozen=True)
class Job:
    """One kind of request; `later` events are added after the user was made."""

    user: User
    events: tuple[Event, ...]
    later: tuple[Event, ...]
    candidates: tuple[Item, ...]
    wish: dict[str, Any]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--backend", default="litert")
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--memory-mb", type=float, default=1.0, help="for kept users and segments")
    arguments = parser.parse_args()
    random.seed(0)
    golden = read_golden(open_bundle(arguments.bundle).read("golden.jsonl").decode().splitlines())
    ranker = Ranker.open(arguments.bundle, backend=arguments.backend, memory_mb=arguments.memory_mb)
    requests = [record.request for record in golden]
    jobs = [_job(requests, ranker.depths) for _ in range(400)]
    order = [random.randrange(len(jobs)) for _ in range(arguments.requests)]
    answers, sizes, seconds = _crowd(ranker, jobs, order, arguments.threads)
    held = ranker._users.bytes + ranker._segments.bytes
    before_close = memory().resident
    ranker.close()
    print(f"{len(answers):,} requests on {arguments.threads} threads in {seconds:.0f} s, no error")
    print(f"kept at the end: {held / 1e6:.2f} MB of {arguments.memory_mb:g} MB for {len(jobs)} users")
    print("resident MB after each 1,000 requests: " + " ".join(f"{size / 1e6:.1f}" for size in sizes))
    half = len(sizes) // 2
    print(f"growth from the middle to the end: {(sizes[-1] - sizes[half]) / 1e6:+.2f} MB")
    print(f"closing gave back {(before_close - memory().resident) / 1e6:.1f} MB")
    print(_compared(arguments, jobs, answers))
    return 0


def _job(requests: list[Request], depths: tuple[int, ...]) -> Job:
    request = random.choice([request for request in requests if request.events])
    pool = [item for other in requests for item in other.candidates]
    events = random.sample(request.events, random.randint(0, len(request.events)))
    cut = random.randint(0, len(events))
    kind = random.choice(("prefix", "segments", "full", "budget", "cascade", "settled"))
    deepest = depths[-1]
    wish: dict[str, Any] = {
        "prefix": {"plan": "prefix", "depth": random.choice(depths)},
        "segments": {"plan": "segments", "depth": deepest},
        "full": {"plan": "full", "depth": random.choice(depths)},
        "budget": {"budget_ms": random.choice((2, 5, 20, 50))},
        "cascade": {"top": 10, "cascade": True},
        "settled": {"top": 3, "patience": 1},
    }[kind]
    count = random.randint(1, 4 if kind == "full" else 40)
    candidates = {item.id: item for item in random.choices(pool, k=count)}
    return Job(request.user, tuple(events[:cut]), tuple(events[cut:]), tuple(candidates.values()), wish)


def _rank(ranker: Ranker, job: Job) -> Ranked:
    user = ranker.user(job.user, job.events)
    for event in job.later:
        user.add(event)
    if len(job.later) % 3 == 1:
        user.prepare()
    return ranker.rank(user, job.candidates, **job.wish)


def _crowd(
    ranker: Ranker, jobs: list[Job], order: list[int], threads: int
) -> tuple[list[tuple[int, Ranked]], list[int], float]:
    """(job, answer) of every request; resident bytes on the way; seconds."""
    answers: list[tuple[int, Ranked]] = []
    sizes = [memory().resident]
    started = time.monotonic()
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(order), EVERY):
            chunk = order[start : start + EVERY]
            answers += zip(chunk, pool.map(lambda place: _rank(ranker, jobs[place]), chunk), strict=True)
            sizes.append(memory().resident)
            print(f"{len(answers):,} requests, {sizes[-1] / 1e6:.1f} MB", file=sys.stderr, flush=True)
    return answers, sizes, time.monotonic() - started


def _compared(arguments: argparse.Namespace, jobs: list[Job], answers: list[tuple[int, Ranked]]) -> str:
    """Each candidate's score against that of one thread, by the same plan at the depth that it reached."""
    ranker = Ranker.open(arguments.bundle, backend=arguments.backend)
    alone: dict[tuple[int, str, int], dict[str, float]] = {}
    worst, compared = 0.0, 0
    for place, ranked in answers:
        for item, score, depth in zip(ranked.items, ranked.scores, ranked.depths, strict=True):
            key = (place, ranked.plan.plan, depth)
            if key not in alone:
                job = jobs[place]
                user = ranker.user(job.user, (*job.events, *job.later))
                one = ranker.rank(user, job.candidates, plan=ranked.plan.plan, depth=depth)
                alone[key] = {item.id: score for item, score in zip(one.items, one.scores, strict=True)}
            worst, compared = max(worst, abs(score - alone[key][item.id])), compared + 1
    ranker.close()
    return f"{compared:,} scores compared with a single thread's: largest difference {worst:.2g}"


if __name__ == "__main__":
    sys.exit(main())
