"""Many mixed requests on several threads, with far too little memory for their users: errors, growth, wrong scores?

    python benchmarks/soak.py runs/tokens/export/movies.edge

Users, events and candidates are drawn from the bundle's golden requests. Threads rank in every plan, at fixed depths,
within budgets, with the cascade, add events and prepare users; each answer is compared with that of a single thread.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.bench.resident import memory
from edge.bundle.bundle import open_bundle
from edge.conformance.golden import read_golden
from edge.files import lines_of
from edge.runtime.ranked import Ranked
from edge.runtime.ranker import Ranker
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
    parser.add_argument("--engine", default="litert")
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--memory-mb", type=float, default=1.0, help="for kept users and segments")
    arguments = parser.parse_args()
    random.seed(0)
    golden = read_golden(lines_of(open_bundle(arguments.bundle).read("golden.jsonl").decode()))
    ranker = Ranker.open(arguments.bundle, engine=arguments.engine, memory_mb=arguments.memory_mb)
    requests = [record.request for record in golden]
    jobs = [_job(requests, ranker.depths) for _ in range(400)]
    order = [random.randrange(len(jobs)) for _ in range(arguments.requests)]
    seen = Seen()
    started = time.monotonic()
    sizes = _crowd(ranker, jobs, order, arguments.threads, seen)
    held, before_close, seconds = ranker._users.bytes, memory().resident, time.monotonic() - started
    ranker.close()
    print(f"{len(order):,} requests on {arguments.threads} threads in {seconds:.0f} s, no error")
    print(f"kept of {len(jobs)} users at the end: {held / 1e6:.2f} MB of {arguments.memory_mb:g} MB, segments apart")
    print("resident MB after each 1,000 requests: " + " ".join(f"{size / 1e6:.1f}" for size in sizes))
    half = len(sizes) // 2
    print(f"growth from the middle to the end: {(sizes[-1] - sizes[half]) / 1e6:+.2f} MB")
    print(f"closing gave back {(before_close - memory().resident) / 1e6:.1f} MB")
    worst = _worst(arguments, jobs, seen)
    print(f"{seen.compared:,} scores compared with a single thread's: largest difference {worst:.2g}")
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


@dataclass
class Seen:
    """What was answered, each once: nothing that grows with the number of requests."""

    scores: dict[tuple[int, str, int], dict[str, float]] = field(default_factory=dict)  # job, plan, depth
    worst: float = 0.0  # difference of two answers to the same
    compared: int = 0

    def add(self, place: int, ranked: Ranked) -> None:
        for item, score, depth in zip(ranked.items, ranked.scores, ranked.depths, strict=True):
            first = self.scores.setdefault((place, ranked.explanation.plan, depth), {}).setdefault(item.id, score)
            self.worst, self.compared = max(self.worst, abs(score - first)), self.compared + 1


def _crowd(ranker: Ranker, jobs: list[Job], order: list[int], threads: int, seen: Seen) -> list[int]:
    """Resident bytes on the way."""
    sizes = [memory().resident]
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(order), EVERY):
            chunk = order[start : start + EVERY]
            for place, ranked in zip(chunk, pool.map(lambda place: _rank(ranker, jobs[place]), chunk), strict=True):
                seen.add(place, ranked)
            sizes.append(memory().resident)
            print(f"{start + len(chunk):,} requests, {sizes[-1] / 1e6:.1f} MB", file=sys.stderr, flush=True)
    return sizes


def _worst(arguments: argparse.Namespace, jobs: list[Job], seen: Seen) -> float:
    """The largest difference of a score from that of one thread, by the same plan at the same depth."""
    ranker, worst = Ranker.open(arguments.bundle, engine=arguments.engine), seen.worst
    for (place, plan, depth), scores in seen.scores.items():
        job = jobs[place]
        alone = ranker.rank(ranker.user(job.user, (*job.events, *job.later)), job.candidates, plan=plan, depth=depth)
        found = {item.id: score for item, score in zip(alone.items, alone.scores, strict=True)}
        worst = max(worst, *(abs(score - found[name]) for name, score in scores.items()))
    ranker.close()
    return worst


if __name__ == "__main__":
    sys.exit(main())
