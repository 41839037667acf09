"""Many mixed requests on several threads, with far too little memory for their texts: errors, growth, wrong scores?

    python benchmarks/soak.py runs/quickstart/export/movies.edge --out benchmarks/results/soak.json

Users, events and candidates are drawn from the bundle's golden requests. Threads make users, rank for them at fixed
exits, within budgets and for a quality, add events between two requests, rank for users that all threads share, and
give memory back; each answer is compared with that of a single thread, which computes every user at once. Ends with 1
if a score is off by more than the bundle's tolerance or memory grows. It takes 1 to 4 minutes.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from edge.bench.host import this_host
from edge.bench.resident import memory
from edge.bench.run import read_requests
from edge.bundle.bundle import read_manifest
from edge.bundle.exits import Exit
from edge.files import write_json
from edge.runtime.ranked import Ranked
from edge.runtime.ranker import Ranker, UserState
from edge.text.types import Event, Request, User

EVERY = 1000  # requests between two looks at the memory
JOBS, SHARED = 400, 8
GROWTH = 0.02  # of what is resident, from the middle to the end
Scores = dict[str, float]  # by item


@dataclass(frozen=True)
class Job:
    """One kind of request; `later` events are added one by one, with a request before each."""

    request: Request
    later: tuple[Event, ...]
    wish: dict[str, Any]
    handles: bool  # ranks what was prepared
    shared: int | None  # the place of a user of all threads, whose events stay


@dataclass
class Seen:
    """What was answered, each once: nothing that grows with the number of requests."""

    scores: dict[tuple[int, Exit], Scores] = field(default_factory=dict)  # by job
    worst: float = 0.0  # difference of two answers to the same
    compared: int = 0

    def add(self, place: int, ranked: Ranked) -> None:
        first = self.scores.setdefault((place, ranked.explanation.exit), _by_item(ranked))
        for name, score in _by_item(ranked).items():
            self.worst, self.compared = max(self.worst, abs(score - first[name])), self.compared + 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--engine", default="litert")
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--memory-mb", type=float, default=0.05, help="for kept summaries")
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    arguments = parser.parse_args()
    random.seed(0)
    requests = [request for request in read_requests(arguments.bundle, None) if request.candidates]
    ranker = Ranker.open(arguments.bundle, arguments.engine, memory_mb=arguments.memory_mb, keep=False, log_rows=EVERY)
    jobs = [_job(requests, ranker.exits) for _ in range(JOBS)]
    order = [random.randrange(len(jobs)) for _ in range(arguments.requests)]
    seen, started = Seen(), time.monotonic()
    sizes = _crowd(ranker, jobs, order, arguments.threads, seen)
    found: dict[str, Any] = {
        "host": asdict(this_host()), "requests": len(order), "threads": arguments.threads,
        "memory_mb": arguments.memory_mb, "seconds": time.monotonic() - started, "resident": sizes,
    }  # fmt: skip
    before_close = memory().resident
    ranker.close()
    found |= {"given_back": before_close - memory().resident, "compared": seen.compared}
    found["largest_difference"] = _worst(arguments, jobs, seen)
    if arguments.out:
        write_json(arguments.out, found)
    return _judge(found, float(read_manifest(arguments.bundle).manifest["golden"]["tolerance"]))


def _job(requests: Sequence[Request], exits: Sequence[Exit]) -> Job:
    request = random.choice([request for request in requests if request.events])
    pool = {item.id: item for item in random.choices([i for one in requests for i in one.candidates], k=40)}
    candidates = tuple(pool.values())[: random.randint(1, len(pool))]
    events = request.events[: random.randint(0, len(request.events))]
    cut = max(len(events) - random.randint(0, 3), 0)
    exit = random.choice(exits)
    wish: dict[str, Any] = random.choice(
        (
            {"exit": (exit.encode, exit.interact)},
            {"budget_ms": random.choice((0.5, 2, 5, 20))},
            {"min_auc": 0.5},
            {"min_auc": 0.5, "budget_ms": 5},
            {},
        )
    )
    asked = Request(request.user, events[:cut], candidates, request.time)
    shared = random.randrange(SHARED) if random.random() < 0.25 else None
    return Job(asked, events[cut:], wish, random.random() < 0.5, shared)


def _rank(ranker: Ranker, shared: Sequence[UserState], job: Job) -> Ranked:
    request = job.request
    candidates: Any = ranker.prepare(request.candidates) if job.handles else request.candidates
    if job.shared is not None:
        user = shared[job.shared]
        if len(job.later) == 1:
            user.forget()
        return ranker.rank(user, candidates, time_s=request.time, **job.wish)
    user = ranker.user(request.user, request.events)
    for event in job.later:
        ranker.rank(user, request.candidates[:3], time_s=request.time)
        user.add(event)
    return ranker.rank(user, candidates, time_s=request.time, **job.wish)


def _whole(jobs: Sequence[Job], job: Job) -> tuple[User, tuple[Event, ...]]:
    """Whose answer it must be: the user with all events."""
    if job.shared is None:
        return job.request.user, (*job.request.events, *job.later)
    return _of_all(jobs, job.shared)


def _of_all(jobs: Sequence[Job], place: int) -> tuple[User, tuple[Event, ...]]:
    return jobs[place].request.user, jobs[place].request.events


def _crowd(ranker: Ranker, jobs: list[Job], order: list[int], threads: int, seen: Seen) -> list[int]:
    """Resident bytes on the way."""
    sizes = [memory().resident]
    shared = [ranker.user(*_of_all(jobs, place)) for place in range(SHARED)]
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(order), EVERY):
            chunk = order[start : start + EVERY]
            answers = pool.map(lambda place: _rank(ranker, shared, jobs[place]), chunk)
            for place, ranked in zip(chunk, answers, strict=True):
                seen.add(place, ranked)
            sizes.append(memory().resident)
            print(f"{start + len(chunk):,} requests, {sizes[-1] / 1e6:.1f} MB", file=sys.stderr, flush=True)
    return sizes


def _worst(arguments: argparse.Namespace, jobs: list[Job], seen: Seen) -> float:
    """The largest difference of a score from that of one thread at the same exit."""
    ranker, worst = Ranker.open(arguments.bundle, arguments.engine, keep=False), seen.worst
    for (place, exit), scores in seen.scores.items():
        candidates, moment = jobs[place].request.candidates, jobs[place].request.time
        user = ranker.user(*_whole(jobs, jobs[place]))
        alone = _by_item(ranker.rank(user, candidates, exit=(exit.encode, exit.interact), time_s=moment))
        worst = max(worst, *(abs(score - alone[name]) for name, score in scores.items()))
    ranker.close()
    return worst


def _by_item(ranked: Ranked) -> Scores:
    return {item.id: score for item, score in zip(ranked.items, ranked.scores, strict=True)}


def _judge(found: dict[str, Any], tolerance: float) -> int:
    sizes = found["resident"]
    grown = sizes[-1] - sizes[len(sizes) // 2]
    print(f"{found['requests']:,} requests on {found['threads']} threads in {found['seconds']:.0f} s, no error")
    print("resident MB after each 1,000 requests: " + " ".join(f"{size / 1e6:.1f}" for size in sizes))
    back = f"closing gave back {found['given_back'] / 1e6:.1f} MB"
    print(f"growth from the middle to the end: {grown / 1e6:+.2f} MB; {back}")
    worst = found["largest_difference"]
    print(f"{found['compared']:,} scores compared with a single thread's: largest difference {worst:.2g}")
    return 0 if worst <= tolerance and grown <= GROWTH * sizes[-1] else 1


if __name__ == "__main__":
    sys.exit(main())
