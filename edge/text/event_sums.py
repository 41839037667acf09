"""Sums over a history's events, from which the numbers of any entries are differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from edge.text.arithmetic import Floats, Integers, running, to_units

Mask = NDArray[np.bool_]
Sums = tuple[Integers, Integers]  # (n + 1,) units, and how many are known, of what stands before each place


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


class EventSums:
    """Of the events whose attribute `where` is neither missing nor 0; of all, if it is empty.

    What they are kept by is not kept by them, so both are freed at once.
    """

    def __init__(
        self, time: Floats, attributes: Mapping[str, Floats], values: Mapping[str, Values], where: str
    ) -> None:
        allowed = np.ones(len(time), dtype=bool)
        if where:
            allowed = ~np.isnan(attributes[where]) & (attributes[where] != 0.0)
        self.places = np.flatnonzero(allowed)
        self.before = running(allowed)  # (event of the history + 1,) how many of these stand before it
        self.time = time[self.places]
        self._attributes, self._values = attributes, values
        self._alike: dict[str, AlikeSums] = {}
        self._running: dict[tuple[str, str], Sums] = {}

    @cached_property
    def timed(self) -> Integers:
        """The events whose time is known."""
        return np.flatnonzero(~np.isnan(self.time))

    def alike(self, attribute: str) -> AlikeSums:
        """By the values of an attribute of their items."""
        if attribute not in self._alike:
            self._alike[attribute] = AlikeSums(self._values[attribute].take(self.places), self.time)
        return self._alike[attribute]

    def running_of(self, of: str, minus: str) -> Sums:
        """Running sums of `of` less `minus` over the events, in units of 1 / 65,536; computed once."""
        if (of, minus) not in self._running:
            units, known = self.units(of, minus)
            self._running[of, minus] = running(units), running(known)
        return self._running[of, minus]

    def units(self, of: str, minus: str) -> tuple[Integers, Mask]:
        """(event,) the values in units, 0 where one is not known, and where one is."""
        values = self._attributes[of][self.places]
        if minus:
            values = values - self._attributes[minus][self.places]
        known = ~np.isnan(values)
        return to_units(np.where(known, values, 0.0)), known


class AlikeSums:
    """Of events by the values of an attribute: those of one value together, oldest first."""

    def __init__(self, values: Values, time: Floats) -> None:
        owners, self._size = values.owners, len(time) + 1
        order = np.argsort(values.ids * self._size + owners, kind="stable")
        self.events = owners[order]
        self._keys = values.ids[order] * self._size + self.events
        self._time = time
        self._running: dict[tuple[str, str], Sums] = {}

    @cached_property
    def timed(self) -> Integers:
        """The places in `events` whose time is known."""
        return np.flatnonzero(~np.isnan(self._time[self.events]))

    def before(self, ids: Integers, ends: Integers) -> Integers:
        """(pair,) where in `events` those of a value end that stand before `ends`; an id below 0 is of none."""
        return np.searchsorted(self._keys, ids * self._size + ends)

    def running_of(self, of_all: EventSums, of: str, minus: str) -> Sums:
        """As `EventSums.running_of`, but over the events that share a value."""
        if (of, minus) not in self._running:
            units, known = of_all.units(of, minus)
            self._running[of, minus] = running(units[self.events]), running(known[self.events])
        return self._running[of, minus]
