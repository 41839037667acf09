"""A user's past events as columns that grow with them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from edge.text.arithmetic import Floats, Integers
from edge.text.columns import (
    NUMBERS,
    Ids,
    entry_attributes,
    event_attributes,
    keys,
    number_of,
    same_attributes,
    values_of_ids,
)
from edge.text.event_sums import Values
from edge.text.history import Entries, History
from edge.text.number import Number
from edge.text.types import Event, User, Value


class EventColumns:
    """What numbers read of the user, of the events and of their items; errors name what is no number."""

    def __init__(self, numbers: Sequence[Number], user: User) -> None:
        self._of_events, self._of_entries = event_attributes(numbers), entry_attributes(numbers)
        self.user = {
            name: number_of(user.attributes.get(name.partition(".")[2]), name)
            for name in self._of_entries
            if name.startswith("user.")
        }
        self._own = [name for name in self._of_entries if name not in self.user]  # "item.price"
        self.ids: dict[str, Ids] = {name: {} for name in same_attributes(numbers)}
        self._time: list[float] = []
        self._columns: dict[str, list[float]] = {name: [] for name in (*self._of_events, *self._own)}
        self._read = [(name, name.removeprefix("item.")) for name in self._columns]
        self._values: dict[str, list[tuple[int, ...]]] = {name: [] for name in self.ids}
        self._history: History | None = None

    def __len__(self) -> int:
        return len(self._time)

    def add(self, event: Event) -> None:
        """One more. Errors: an attribute that is no number where one is needed; nothing is added then."""
        found = self._numbers(event)
        for (name, _), value in zip(self._read, found, strict=True):
            self._columns[name].append(value)
        for name, ids in self.ids.items():
            of_item = keys(event.item.attributes.get(name))
            self._values[name].append(tuple(ids.setdefault(key, len(ids)) for key in of_item))
        self._time.append(math.nan if event.time is None else event.time)
        self._history = None

    def history(self) -> History:
        """Of all events so far."""
        if self._history is None:
            attributes = {name: np.array(self._columns[name], dtype=np.float64) for name in self._of_events}
            values = {name: values_of_ids(of_items) for name, of_items in self._values.items()}
            self._history = History(np.array(self._time, dtype=np.float64), attributes, values)
        return self._history

    def as_entries(self, start: int) -> Entries:
        """The events from `start` on, each as when it was a candidate."""
        time, rows = self.history().time, slice(start, None)
        return Entries(
            start=np.zeros(len(time) - start, dtype=np.int64),
            end=earlier_events(time)[rows],
            time=time[rows],
            attributes={
                name: self._of_user(name, len(time) - start)
                if name in self.user
                else np.array(self._columns[name][rows], dtype=np.float64)
                for name in self._of_entries
            },
            values={name: values_of_ids(of_items[rows]) for name, of_items in self._values.items()},
        )

    def candidates(self, count: int, time: float | None, values: Mapping[str, Values]) -> Entries:
        """Of candidates after all events, of which only the user's attributes and these values are read."""
        events = len(self)
        return Entries(
            start=np.zeros(count, dtype=np.int64),
            end=np.full(count, events, dtype=np.int64),
            time=np.full(count, math.nan if time is None else time),
            attributes={name: self._of_user(name, count) for name in self.user},
            values=values,
        )

    def _of_user(self, name: str, count: int) -> Floats:
        return np.full(count, self.user[name])

    def _numbers(self, event: Event) -> list[float]:
        own, of_item = event.attributes, event.item.attributes
        found: list[Value] = [(own if name == attribute else of_item).get(attribute) for name, attribute in self._read]
        return [
            value if type(value) in NUMBERS else number_of(value, f"events[{len(self)}].{name}")  # type: ignore[misc]
            for (name, _), value in zip(self._read, found, strict=True)
        ]


def earlier_events(time: Floats) -> Integers:
    """(event,) how many events are of an earlier time; without a time, all that stand before it.

    Neighbours of one known time are one screen.
    """
    count = len(time)
    new = np.ones(count, dtype=bool)
    new[1:] = time[1:] != time[:-1]  # NaN differs from everything
    return np.maximum.accumulate(np.where(new, np.arange(count), 0)) if count else np.zeros(0, dtype=np.int64)
