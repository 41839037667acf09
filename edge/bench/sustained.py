"""Requests back to back: whether the device keeps its pace or throttles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

WINDOWS = 10


@dataclass(frozen=True)
class Window:
    """A stretch of the run; without a finished request, `p50_ms` is None."""

    start_s: float
    requests: int
    p50_ms: float | None


@dataclass(frozen=True)
class Sustained:
    """The same request of a new user at the deepest exit, again and again, in windows of equal time."""

    seconds: float
    requests: int
    windows: tuple[Window, ...]
    last_to_first: float  # p50 of the last window over that of the first: 1.3 is 30 % slower in the end


def sustain(request: Callable[[], object], seconds: float, clock: Callable[[], float]) -> Sustained:
    """Run `request` for `seconds`, at least twice; each counts in the window that it ends in."""
    began = now = clock()
    spent: list[list[float]] = [[] for _ in range(WINDOWS)]
    while now - began < seconds or sum(map(len, spent)) < 2:
        started = now
        request()
        now = clock()
        place = int((now - began) / seconds * WINDOWS)
        spent[min(place, WINDOWS - 1)].append((now - started) * 1000)
    windows = tuple(
        Window(index * seconds / WINDOWS, len(times), median(times) if times else None)
        for index, times in enumerate(spent)
    )
    filled = [window.p50_ms for window in windows if window.p50_ms is not None]
    return Sustained(seconds, sum(map(len, spent)), windows, filled[-1] / filled[0])
