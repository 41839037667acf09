"""Times and memory of an opened bundle, in the process that calls: cold start, every exit in every scenario."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from typing import Any, Protocol

from edge.bench.percentiles import Percentiles, percentiles
from edge.bench.resident import Memory, memory
from edge.bench.scenarios import SCENARIOS
from edge.bench.sustained import Sustained, sustain
from edge.bundle.exits import Exit
from edge.text.types import Event, Item, Request, User

Clock = Callable[[], float]  # seconds


class RankerLike(Protocol):
    """What is measured: `edge.runtime.ranker.Ranker`, or a stand-in in tests."""

    def user(self, user: User, events: Sequence[Event]) -> Any: ...

    def prepare(self, items: Sequence[Item], encode: int | None = None) -> Any: ...

    def rank(self, user: Any, candidates: Any, *, exit: tuple[int, int], time_s: float | None) -> Any: ...


class OpenedLike(Protocol):
    """An opened model. `spent` sums up seconds of its engine by part."""

    spent: dict[str, float]

    def ranker(self) -> RankerLike:
        """One that keeps nothing yet."""


@dataclass(frozen=True)
class PartTimes:
    """Median milliseconds by part. `text`: rendering, tokenising, numbers, and all else outside the engine."""

    text: float
    encode: float
    append: float
    score: float


@dataclass(frozen=True)
class ExitTimes:
    """Requests at one exit in one scenario, whole and by part; medians of parts need not add up."""

    exit: Exit
    scenario: str
    whole: Percentiles
    parts: PartTimes


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

    repeats: int  # over all requests and exits
    sustained_s: float = 0.0
    beside: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class Taken:
    """Milliseconds of one request, whole and of its parts in the engine."""

    whole: float
    parts: Mapping[str, float]


def measure(
    open_model: Callable[[], OpenedLike],
    requests: Sequence[Request],
    exits: Sequence[Exit],
    rounds: Rounds,
    clock: Clock = time.perf_counter,
    confined: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> Times:
    """Open, rank every request once, read the memory; then the rounds, with exits and scenarios interleaved against
    drift. Opening and the first ranking run within `confined`.
    """
    before = memory()
    with confined():
        open_ms, opened = _timed(clock, open_model)
        ranker = opened.ranker()
        first_ms, _ = _timed(clock, partial(_rank, ranker, requests[0], exits[-1]))
        for encode in {exit.encode for exit in exits}:
            for request in requests if rounds.repeats else ():
                _rank(ranker, request, max(exit for exit in exits if exit.encode == encode))
    after = memory()
    found = Times(open_ms, first_ms, (), len(requests), rounds.repeats, *_growth(before, after), after.resident)
    if not rounds.repeats:
        return found
    taken = _rounds(opened, requests, exits, rounds, clock)
    summaries = tuple(_summary(*key, times) for key, times in taken.items() if times)
    endured = _sustained(opened, requests, exits[-1], rounds.sustained_s, clock) if rounds.sustained_s else None
    return replace(found, exits=summaries, sustained=endured)


def _growth(before: Memory, after: Memory) -> tuple[int, int | None]:
    """Resident and anonymous bytes gained."""
    known = before.anonymous is not None and after.anonymous is not None
    anonymous = after.anonymous - before.anonymous if known else None  # type: ignore[operator]
    return max(after.resident - before.resident, 0), anonymous


def _rounds(
    opened: OpenedLike, requests: Sequence[Request], exits: Sequence[Exit], rounds: Rounds, clock: Clock
) -> dict[tuple[Exit, str], list[Taken]]:
    taken: dict[tuple[Exit, str], list[Taken]] = {(exit, name): [] for exit in exits for name in SCENARIOS}
    for _ in range(rounds.repeats):
        for request in requests:
            for exit in exits:
                for scenario, times in _scenarios(opened, request, exit, clock):
                    taken[exit, scenario].append(times)
            rounds.beside()
    return taken


def _scenarios(opened: OpenedLike, request: Request, exit: Exit, clock: Clock) -> Iterator[tuple[str, Taken]]:
    """The request in each scenario; what it presumes is computed before, untimed."""
    ranker, take = opened.ranker(), partial(_taken, opened, clock)
    rank = partial(ranker.rank, exit=(exit.encode, exit.interact), time_s=request.time)
    yield "new", take(partial(_rank, ranker, request, exit))
    handles = ranker.prepare(request.candidates, exit.encode)
    user = ranker.user(request.user, request.events)
    rank(user, handles)
    yield "kept", take(partial(rank, user, handles))
    if request.events:  # what an event of a user without any would say is not known
        growing = ranker.user(request.user, request.events[:-1])
        rank(growing, handles)
        yield "added", take(partial(_add_and_rank, growing, request.events[-1], partial(rank, growing, handles)))
    other = opened.ranker()
    rank = partial(other.rank, exit=(exit.encode, exit.interact), time_s=request.time)
    user = other.user(request.user, request.events)
    rank(user, ())
    yield "new_items", take(partial(rank, user, request.candidates))


def _add_and_rank(user: Any, event: Event, rank: Callable[[], object]) -> None:
    user.add(event)
    rank()


def _rank(ranker: RankerLike, request: Request, exit: Exit) -> None:
    user = ranker.user(request.user, request.events)
    ranker.rank(user, request.candidates, exit=(exit.encode, exit.interact), time_s=request.time)


def _sustained(
    opened: OpenedLike, requests: Sequence[Request], deepest: Exit, seconds: float, clock: Clock
) -> Sustained:
    """One request of middling size again and again, so that all windows compare."""
    middling = sorted(requests, key=lambda request: (len(request.candidates), len(request.events)))[len(requests) // 2]
    return sustain(lambda: _rank(opened.ranker(), middling, deepest), seconds, clock)


def _taken(opened: OpenedLike, clock: Clock, call: Callable[[], object]) -> Taken:
    opened.spent.clear()
    whole, _ = _timed(clock, call)
    return Taken(whole, {part: seconds * 1000 for part, seconds in opened.spent.items()})


def _summary(exit: Exit, scenario: str, taken: Sequence[Taken]) -> ExitTimes:
    engine = {part: median(one.parts.get(part, 0.0) for one in taken) for part in ("encode", "append", "score")}
    text = median(one.whole - sum(one.parts.values()) for one in taken)
    return ExitTimes(exit, scenario, percentiles([one.whole for one in taken]), PartTimes(text=text, **engine))


def _timed(clock: Clock, call: Callable[[], Any]) -> tuple[float, Any]:
    """Milliseconds, and what the call returned."""
    start = clock()
    result = call()
    return (clock() - start) * 1000, result
