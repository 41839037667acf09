"""The numbers of entries, from columns: the same code for a user on a phone and for a whole log in preparation.

SPEC.md, section 8, is normative.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge.text.arithmetic import UNIT, Floats, Integers, log1p
from edge.text.event_sums import EventSums, Values
from edge.text.number import CLIP, Number


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
    result = np.empty((len(entries.start), len(numbers)), dtype=np.float32)
    for place, raw in enumerate(raw_numbers(numbers, history, entries)):
        number = numbers[place]
        result[:, place] = np.clip((raw - number.mean) / number.spread, -CLIP, CLIP)
    return result


def raw_numbers(numbers: Sequence[Number], history: History, entries: Entries) -> list[Floats]:
    """(entry,) of each number, transformed and not yet standardised; NaN where it is missing."""
    windows: dict[Hashable, _Window] = {}
    found = []
    for number in numbers:
        if number.history:
            key = (number.where, number.last)
            if key not in windows:
                windows[key] = _Window(history.sums(number.where), entries, number.last)
            raw = windows[key].number(number)
        else:
            raw = entries.attributes[number.of]
        found.append(log1p(raw) if number.transform else raw)
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
        self.counts = np.diff(entries.starts)  # (entry,) how many values it has
        self.firsts = entries.starts[:-1]
        self.rows = entries.owners  # (pair,) its entry
        self.start, self.end = (self.alike.before(entries.ids, at[self.rows]) for at in (window.start, window.end))

    def number(self, window: _Window, number: Number) -> Floats:
        return over_values(self._numbers(window, number), self.firsts, self.counts, number.over)

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


def over_values(pairs: Floats, firsts: Integers, counts: Integers, over: str) -> Floats:
    """(entry,) the mean, most or least of its known pairs, summed in their order; NaN where there is none."""
    start = {"mean": 0.0, "most": -np.inf, "least": np.inf}[over]
    result, known = np.full(len(counts), start), np.zeros(len(counts))
    for place in range(int(counts.max(initial=0))):
        rows = np.flatnonzero(counts > place)
        value = pairs[firsts[rows] + place]
        has = ~np.isnan(value)
        rows, value = rows[has], value[has]
        known[rows] += 1.0
        if over == "mean":
            result[rows] += value
        else:
            result[rows] = np.maximum(result[rows], value) if over == "most" else np.minimum(result[rows], value)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = result / known if over == "mean" else result
    final: Floats = np.where(known > 0, mean, np.nan)
    return final
