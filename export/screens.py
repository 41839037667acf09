"""The test rows of a prepared run as an app would ask for them: a request a screen, the events those a phone keeps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cloud.data.rows import Prepared
from cloud.ranking.timelines import Places, Timelines, Window
from edge.runtime.window import first_event


@dataclass(frozen=True)
class Screens:
    """`windows` are by user, then time; each holds rows that look back on the same events."""

    timelines: Timelines
    windows: list[Window]

    @classmethod
    def of(cls, rows: Prepared, timelines: Timelines, places: int, most: int) -> Screens:
        """At most so many, evenly spread over the test split; `places`: of the longest timeline."""
        every = list(_screens(rows, rows.part("test")))
        windows = (window for place in _spread(len(every), most) for window in timelines.windows(every[place]))
        return cls(timelines, [_as_kept(window, places) for window in windows])

    @cached_property
    def rows(self) -> Places:
        """(candidate,) of the prepared run, ascending."""
        found: Places = np.concatenate([window.rows for window in self.windows])
        return found

    @cached_property
    def events(self) -> Places:
        """(event,) rows of the prepared run, each once."""
        found: Places = np.unique(np.concatenate([window.events for window in self.windows]))
        return found

    def few(self, most: int) -> Screens:
        """So many of them, evenly spread."""
        return Screens(self.timelines, [self.windows[place] for place in _spread(len(self.windows), most)])


def _spread(count: int, most: int) -> list[int]:
    """At most so many of the numbers below `count`, ascending."""
    chosen: list[int] = np.unique(np.linspace(0, count - 1, min(most, count)).round().astype(int)).tolist()
    return chosen


def _screens(prepared: Prepared, rows: Places) -> Iterator[Places]:
    """Consecutive rows of one user that look back on as many events."""
    user, earlier = prepared.column("user")[rows], prepared.column("earlier")[rows]
    ends = np.flatnonzero((np.diff(user) != 0) | (np.diff(earlier) != 0)) + 1
    yield from (part for part in np.split(rows, ends) if len(part))


def _as_kept(window: Window, places: int) -> Window:
    """With those of its events that stand in a timeline of so many places."""
    first = first_event(window.skipped + len(window.events), places - 1)
    return Window(window.rows, window.events[max(first - window.skipped, 0) :], max(first, window.skipped))
