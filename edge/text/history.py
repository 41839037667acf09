"""The numbers of entries, from columns: the same code for a user on a phone and for a whole log in preparation.

SPEC.md, section 8, is normative.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.text.arithmetic import UNIT, Floats, Integers, log1p, running, to_units
from edge.text.number import CLIP, Number

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Values:
    """The distinct values of an attribute of each of many items, as ids: item i has ids[starts[i] : starts[i + 1]]."""

    starts: Integers  # (item + 1,)
    ids: Integers

    def take(self, items: Integers) -> Values:
        """Those of the items at these places."""
        counts = (self.starts[1:] - self.starts[:-1])[items]
        starts = running(counts)
        within = np.arange(starts[-1]) - np.repeat(starts[:-1], counts)
        return Values(starts, self.ids[np.repeat(self.starts[items], counts) + within])

    @property
    def owners(self) -> Integers:
        """(id,) the place of the item that each id belongs to."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))


@dataclass(frozen=True)
class History:
    """Columns (event,) of one user, or of many one after another; oldest first. NaN: not known."""

    time: Floats
    attributes: Mapping[str, Floats]  # "liked", "item.price": whatever `of`, `minus` and `where` name
    values: Mapping[str, Values]  # of the events' items, by attribute: whatever `same` names


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
                windows[key] = _Window(history, entries, number.where, number.last)
            raw = windows[key].number(number)
        else:
            raw = entries.attributes[number.of]
        found.append(log1p(raw) if number.transform else raw)
    return found


@dataclass
class _Window:
    """The events that a number looks at: of those from start to end the ones `where` allows, of them the last ones."""

    history: History
    entries: Entries
    where: str
    last: int
    _kept: dict[Hashable, Any] = field(default_factory=dict)  # what several numbers share

    def __post_init__(self) -> None:
        allowed = self._allowed()
        self.events = np.flatnonzero(allowed)
        before = running(allowed)
        self.start, self.end = before[self.entries.start], before[self.entries.end]
        if self.last:
            self.start = np.maximum(self.start, self.end - self.last)

    def number(self, number: Number) -> Floats:
        prior = number.prior or 0.0
        if number.same:
            key = ("values", number.same)
            alike: _Alike = self._once(key, lambda: _Alike(self, number.same))
            return alike.number(self, number, prior)
        if number.history == "count":
            return (self.end - self.start).astype(np.float64)
        if number.history == "seconds":
            return self._since(np.flatnonzero(~np.isnan(self.history.time[self.events])), self.start, self.end)
        return self.mean(number, prior)

    def mean(self, number: Number, prior: float) -> Floats:
        """The smoothed mean; without smoothing NaN where there is no event."""
        total, count = self._once(("sums", number.of, number.minus), lambda: self._sums(number.of, number.minus))
        return smoothed(total[self.end] - total[self.start], count[self.end] - count[self.start], number, prior)

    def units(self, of: str, minus: str) -> tuple[Integers, Mask]:
        """(event of the window,) the values in units, 0 where one is not known, and where one is."""
        values = self.history.attributes[of][self.events]
        if minus:
            values = values - self.history.attributes[minus][self.events]
        known = ~np.isnan(values)
        return to_units(np.where(known, values, 0.0)), known

    def seconds(self, last: Integers, rows: Integers) -> Floats:
        """Since the event of the window at `last`, for the entries at `rows`; NaN where it is -1."""
        time = self.history.time[self.events]
        if not len(time):
            return np.full(len(rows), np.nan)
        since = np.maximum(self.entries.time[rows] - time[last], 0.0)
        return np.where(last < 0, np.nan, since)

    def _allowed(self) -> Mask:
        if not self.where:
            return np.ones(len(self.history.time), dtype=bool)
        values = self.history.attributes[self.where]
        allowed: Mask = ~np.isnan(values) & (values != 0.0)
        return allowed

    def _sums(self, of: str, minus: str) -> tuple[Integers, Integers]:
        units, known = self.units(of, minus)
        return running(units), running(known)

    def _since(self, timed: Integers, start: Integers, end: Integers) -> Floats:
        """Since the last event of the window whose time is known."""
        places = np.concatenate([[-1], timed])
        last = places[np.searchsorted(timed, end)]
        return self.seconds(np.where(last < start, -1, last), np.arange(len(end)))

    def _once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]


class _Alike:
    """The events of a window by the values of an attribute, and the values of each entry, one pair at a time.

    The window keeps it, so it does not keep the window: both are freed when no number needs them.
    """

    def __init__(self, window: _Window, attribute: str) -> None:
        events, entries = window.history.values[attribute].take(window.events), window.entries.values[attribute]
        self.counts = np.diff(entries.starts)  # (entry,) how many values it has
        self.firsts = entries.starts[:-1]
        self.rows = entries.owners  # (pair,) its entry
        owners, self.size = events.owners, len(window.events) + 1
        order = np.argsort(events.ids * self.size + owners, kind="stable")
        self.events = owners[order]  # of the window, those of one value together, oldest first
        keys = events.ids[order] * self.size + self.events
        self.start = np.searchsorted(keys, entries.ids * self.size + window.start[self.rows])
        self.end = np.searchsorted(keys, entries.ids * self.size + window.end[self.rows])
        self._sums: dict[tuple[str, str], tuple[Integers, Integers]] = {}

    def number(self, window: _Window, number: Number, prior: float) -> Floats:
        pairs = self._pairs(window, number, prior)
        return over_values(pairs, self.firsts, self.counts, number.over)

    def _pairs(self, window: _Window, number: Number, prior: float) -> Floats:
        """(pair,) the number over the events that share this one value; NaN where it is missing."""
        if number.history == "count":
            return (self.end - self.start).astype(np.float64)
        if number.history == "seconds":
            return self._seconds(window)
        total, count = self._totals(window, number)
        base = window.mean(number, prior)[self.rows]
        return smoothed(total[self.end] - total[self.start], count[self.end] - count[self.start], number, base)

    def _seconds(self, window: _Window) -> Floats:
        timed = np.flatnonzero(~np.isnan(window.history.time[window.events][self.events]))
        places = np.concatenate([[-1], timed])
        last = places[np.searchsorted(timed, self.end)]
        none = last < self.start
        event = np.append(self.events, -1)[np.where(none, -1, last)]
        return window.seconds(event, self.rows)

    def _totals(self, window: _Window, number: Number) -> tuple[Integers, Integers]:
        key = (number.of, number.minus)
        if key not in self._sums:
            units, known = window.units(*key)
            self._sums[key] = running(units[self.events]), running(known[self.events])
        return self._sums[key]


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
