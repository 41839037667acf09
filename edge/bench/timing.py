"""Times and memory of an opened bundle, in the process that calls: cold start, every exit of every plan, endurance."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from edge.bench.percentiles import Percentiles, percentiles
from edge.bench.resident import Memory, memory
from edge.bench.sustained import Sustained, sustain
from edge.text.types import Event, Item, Request, User

Clock = Callable[[], float]  # seconds
Plans = Mapping[str, Sequence[int]]  # plan -> exit depths, ascending


class RankerLike(Protocol):
    """What is measured: `edge.runtime.ranker.Ranker`, or a stand-in in tests."""

    def user(self, user: User, events: Sequence[Event]) -> Any: ...

    def rank(self, user: Any, candidates: Sequence[Item], *, depth: int | None = None, plan: str = ...) -> Any: ...


@dataclass(frozen=True)
class ExitTimes:
    """At one exit of one plan: a request of a user never met before, and one more of a user that is kept."""

    plan: str
    depth: int
    new_user: Percentiles
    kept_user: Percentiles


@dataclass(frozen=True)
class Times:
    """Milliseconds and bytes. `resident`: growth by opening and ranking; `anonymous`: its unmapped part."""

    open_ms: float  # with the bundle installed and calibrated already
    first_ms: float  # the first request, at the deepest exit
    exits: tuple[ExitTimes, ...]
    requests: int
    repeats: int
    resident: int
    anonymous: int | None
    process: int  # all that the process held, Python included
    first_open_ms: float | None = None  # the very first on this device: install, check, calibrate
    sustained: Sustained | None = None


@dataclass(frozen=True)
class Rounds:
    """How long to measure. `beside` runs after every request, e.g. to time something else at the same moments."""

    repeats: int  # over all requests, plans and exits
    sustained_s: float = 0.0
    beside: Callable[[], None] = lambda: None


def measure(
    open_ranker: Callable[[bool], RankerLike],
    requests: Sequence[Request],
    plans: Plans,
    rounds: Rounds,
    clock: Clock = time.perf_counter,
    confined: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> Times:
    """Open, rank every request once, read the memory; then the rounds, with plans and exits interleaved against drift.

    `open_ranker(True)` keeps users between requests, as an app does; `open_ranker(False)` forgets them, so that each
    is new. Opening and the first ranking run within `confined`.
    """
    deepest = next((plan, max(depths)) for plan, depths in plans.items())
    before = memory()
    with confined():
        open_ms, ranker = _timed(clock, partial(open_ranker, True))
        first_ms, _ = _timed(clock, partial(_rank, ranker, requests[0], *deepest))
        for plan, depths in plans.items():
            for request in requests if rounds.repeats else ():
                _rank(ranker, request, plan, max(depths))
    after = memory()
    found = Times(open_ms, first_ms, (), len(requests), rounds.repeats, *_growth(before, after), after.resident)
    if not rounds.repeats:
        return found
    fresh = open_ranker(False)
    exits = _exits(ranker, fresh, requests, plans, rounds, clock)
    endured = _sustained(fresh, requests, deepest, rounds.sustained_s, clock) if rounds.sustained_s else None
    return replace(found, exits=exits, sustained=endured)


def _growth(before: Memory, after: Memory) -> tuple[int, int | None]:
    """Resident and anonymous bytes gained."""
    known = before.anonymous is not None and after.anonymous is not None
    anonymous = after.anonymous - before.anonymous if known else None  # type: ignore[operator]
    return max(after.resident - before.resident, 0), anonymous


def _exits(
    ranker: RankerLike, fresh: RankerLike, requests: Sequence[Request], plans: Plans, rounds: Rounds, clock: Clock
) -> tuple[ExitTimes, ...]:
    keys = [(plan, depth) for plan, depths in plans.items() for depth in depths]
    new: dict[tuple[str, int], list[float]] = {key: [] for key in keys}
    kept: dict[tuple[str, int], list[float]] = {key: [] for key in keys}
    for plan, depth in (keys[0], keys[-1]):
        _rank(fresh, requests[0], plan, depth)  # warms the second ranker up
    for _ in range(rounds.repeats):
        for request in requests:
            for plan, depths in plans.items():
                user = _rank(ranker, request, plan, max(depths))  # kept from now on
                for depth in depths:
                    new[plan, depth].append(_timed(clock, partial(_rank, fresh, request, plan, depth))[0])
                    again = partial(ranker.rank, user, request.candidates, depth=depth, plan=plan)
                    kept[plan, depth].append(_timed(clock, again)[0])
            rounds.beside()
    return tuple(ExitTimes(*key, percentiles(new[key]), percentiles(kept[key])) for key in keys)


def _sustained(
    ranker: RankerLike, requests: Sequence[Request], deepest: tuple[str, int], seconds: float, clock: Clock
) -> Sustained:
    """One request of middling size again and again, so that all windows compare."""
    middling = sorted(requests, key=lambda request: (len(request.candidates), len(request.events)))[len(requests) // 2]
    return sustain(lambda: _rank(ranker, middling, *deepest), seconds, clock)


def _rank(ranker: RankerLike, request: Request, plan: str, depth: int) -> Any:
    user = ranker.user(request.user, request.events)
    ranker.rank(user, request.candidates, depth=depth, plan=plan)
    return user


def _timed(clock: Clock, call: Callable[[], Any]) -> tuple[float, Any]:
    """Milliseconds, and what the call returned."""
    start = clock()
    result = call()
    return (clock() - start) * 1000, result
