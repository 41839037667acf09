"""The numbers of entries, from columns: the same code for a user on a phone and for a whole log in preparation.

SPEC.md, section 8, is normative.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from edge.text.arithmetic import UNIT, Floats, Integers, log1p, running
from edge.text.event_sums import EventSums, Values
from edge.text.number import CLIP, Number

BLOCK = 1 << 14  # entries whose logarithms are taken together: a few arrays as large are there at one time
START = {"mean": 0.0, "most": -np.inf, "least": np.inf}  # of several values, before the first
JOIN = {"mean": np.add, "most": np.maximum, "least": np.minimum}


@dataclass(frozen=True)
class History:
    """Columns (event,) of one user, or of many one after another; oldest first. NaN: not known."""

    time: Floats
    attributes: Mapping[str, Floats]  # "liked", "item.price": whatever `of`, `minus` and `where` name
    values: Mapping[str, Values]  # of the events' items, by attribute: whatever `same` names
    _sums: dict[str, EventSums] = field(default_factory=dict, init=False, repr=False, compare=False)

    def sums(self, where: str) -> EventSums:
        """Of the events that `where` allows; made once."""
        if where not in self._sums:
            self._sums[where] = EventSums(self.time, self.attributes, self.values, where)
        return self._sums[where]


@dataclass(frozen=True)
class Entries:
    """Columns (entry,): what is numbered, each after the events from `start` up to `end` of a history."""

    start: Integers
    end: Integers
    time: Floats
    attributes: Mapping[str, Floats]  # "item.price", "user.age"
    values: Mapping[str, Values]


def numbers_of(numbers: Sequence[Number], history: History, entries: Entries) -> NDArray[np.float32]:
    """(entry, number) standardised and clipped; NaN where a number is missing."""
    found = raw_numbers(numbers, history, entries)
    mean, spread = (np.array([getattr(number, name) for number in numbers]) for name in ("mean", "spread"))
    found -= mean[:, None]
    found /= spread[:, None]
    np.clip(found, -CLIP, CLIP, out=found)
    return np.ascontiguousarray(found.T, dtype=np.float32)


def raw_numbers(numbers: Sequence[Number], history: History, entries: Entries) -> Floats:
    """(number, entry) transformed and not yet standardised; NaN where a number is missing."""
    windows: dict[Hashable, _Window] = {}
    found = np.empty((len(numbers), len(entries.start)))
    for place, number in enumerate(numbers):
        if number.history:
            key = (number.where, number.last)
            if key not in windows:
                windows[key] = _Window(history.sums(number.where), entries, number.last)
            found[place] = windows[key].number(number)
        else:
            found[place] = entries.attributes[number.of]
    changed = [place for place, number in enumerate(numbers) if number.transform]
    for start in range(0, found.shape[1], BLOCK) if changed else ():
        block = found[:, start : start + BLOCK]
        block[changed] = log1p(block[changed])
    return found


class _Window:
    """The events that each entry looks at: of those from start to end the ones allowed, of them the last ones."""

    def __init__(self, events: EventSums, entries: Entries, last: int) -> None:
        self.events, self.entries = events, entries
        self.start, self.end = events.before[entries.start], events.before[entries.end]
        if last:
            self.start = np.maximum(self.start, self.end - last)
        self._pairs: dict[str, _Pairs] = {}  # what several numbers share
        self._means: dict[Hashable, Floats] = {}

    def number(self, number: Number) -> Floats:
        if number.same:
            if number.same not in self._pairs:
                self._pairs[number.same] = _Pairs(self, number.same)
            return self._pairs[number.same].number(self, number)
        if number.history == "count":
            return (self.end - self.start).astype(np.float64)
        if number.history == "seconds":
            timed = self.events.timed
            last = np.append(-1, timed)[np.searchsorted(timed, self.end)]
            return self.seconds(np.where(last < self.start, -1, last), np.arange(len(self.end)))
        return self.mean(number)

    def mean(self, number: Number) -> Floats:
        """The smoothed mean; without smoothing NaN where there is no event."""
        key = number.of, number.minus, number.smoothing, number.prior
        if key not in self._means:
            sums = self.events.running_of(number.of, number.minus)
            self._means[key] = smoothed(*differences(sums, self.start, self.end), number, number.prior or 0.0)
        return self._means[key]

    def seconds(self, last: Integers, rows: Integers) -> Floats:
        """Since the event at `last`, for the entries at `rows`; NaN where it is -1."""
        if not len(self.events.time):
            return np.full(len(rows), np.nan)
        since = np.maximum(self.entries.time[rows] - self.events.time[last], 0.0)
        return np.where(last < 0, np.nan, since)


class _Pairs:
    """The values that each entry has of an attribute, one pair at a time, and the events that share each."""

    def __init__(self, window: _Window, attribute: str) -> None:
        entries = window.entries.values[attribute]
        self.alike = window.events.alike(attribute)
        self.starts = entries.starts
        self.rows = entries.owners  # (pair,) its entry
        self.start, self.end = (self.alike.before(entries.ids, at[self.rows]) for at in (window.start, window.end))
        self._found: dict[Hashable, Floats] = {}

    @cached_property
    def turns(self) -> list[tuple[Integers, Integers]]:
        """Entries that have a first value, and its pair; those that have a second one, and so on."""
        counts, firsts = np.diff(self.starts), self.starts[:-1]
        turns = []
        for turn in range(int(counts.max(initial=0))):
            rows = np.flatnonzero(counts > turn)
            turns.append((rows, firsts[rows] + turn))
        return turns

    def number(self, window: _Window, number: Number) -> Floats:
        """(entry,) the mean, most or least of its known pairs, summed in their order; NaN where there is none."""
        key = number.history, number.of, number.minus, number.smoothing, number.prior
        if key not in self._found:
            self._found[key] = self._numbers(window, number)
        pairs, start = self._found[key], START[number.over]
        has = ~np.isnan(pairs)
        before, known = running(has), np.where(has, pairs, start)
        count, result = before[self.starts[1:]] - before[self.starts[:-1]], np.full(len(self.starts) - 1, start)
        for rows, at in self.turns:
            result[rows] = JOIN[number.over](result[rows], known[at])
        with np.errstate(invalid="ignore", divide="ignore"):
            joined = result / count if number.over == "mean" else result
        final: Floats = np.where(count > 0, joined, np.nan)
        return final

    def _numbers(self, window: _Window, number: Number) -> Floats:
        """(pair,) the number over the events that share this one value; NaN where it is missing."""
        if number.history == "count":
            return (self.end - self.start).astype(np.float64)
        if number.history == "seconds":
            return self._seconds(window)
        sums = self.alike.running_of(window.events, number.of, number.minus)
        return smoothed(*differences(sums, self.start, self.end), number, window.mean(number)[self.rows])

    def _seconds(self, window: _Window) -> Floats:
        timed = self.alike.timed
        last = np.append(-1, timed)[np.searchsorted(timed, self.end)]
        event = np.append(self.alike.events, -1)[np.where(last < self.start, -1, last)]
        return window.seconds(event, self.rows)


def differences(sums: tuple[Integers, Integers], start: Integers, end: Integers) -> tuple[Integers, Integers]:
    """Of running totals and counts: what lies from `start` up to `end`."""
    total, count = sums
    return total[end] - total[start], count[end] - count[start]


def smoothed(total: Integers, count: Integers, number: Number, prior: float | Floats) -> Floats:
    """The mean of `count` values whose sum in units is `total`, drawn to the prior; NaN where it is of none."""
    weight = count + number.smoothing
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (total / UNIT + number.smoothing * prior) / weight if number.smoothing else total / UNIT / weight
    result: Floats = np.where(weight > 0, mean, np.nan)
    return result
