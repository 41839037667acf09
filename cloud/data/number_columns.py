"""From a log to the columns that numbers are computed from, some users at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloud.data.log import DRAWN, Events, Log
from cloud.data.moments import user_rows
from cloud.data.statistics import LIKED, RATING, STATISTICS, Statistic, item_statistics
from edge.text.columns import (
    entry_attributes,
    event_attributes,
    number_of,
    same_attributes,
    values_of,
)
from edge.text.event_sums import Values
from edge.text.history import Entries, History
from edge.text.number import Number
from edge.text.types import Item

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Known:
    """What is known at each row of `targets`, when users and servers look back on `seen`.

    `earlier` (row,): how many of the user's events are strictly earlier; `starts` (user + 1,): where each user's begin.
    """

    log: Log
    targets: Events
    events: Events  # rows of `seen` that become history
    starts: Integers
    earlier: NDArray[np.int32]
    statistics: Mapping[str, Statistic]  # of each target's item
    event_statistics: Mapping[str, Statistic]  # of each event's item, as when it happened

    def window(self, row: int) -> tuple[int, int]:
        """(start, end) of the events that a target looks back on."""
        start = int(self.starts[self.targets.user[row]])
        return start, start + int(self.earlier[row])


def known_at(log: Log, targets: Events | None = None, seen: Events | None = None) -> Known:
    """Of the log's own rows by default."""
    targets = log.events if targets is None else targets
    seen = log.events if seen is None else seen
    events = seen.select(seen.past)
    starts = np.searchsorted(events.user, np.arange(len(log.users) + 1))
    earlier = _earlier(events, starts, targets)
    if not log.shared_clock:
        return Known(log, targets, events, starts, earlier, {}, {})
    happened = seen.select(seen.happened)
    values = _means(log, happened)
    of_targets = item_statistics(happened, targets.item, targets.time, values)
    if targets is seen:
        of_events = {name: column.select(seen.past) for name, column in of_targets.items()}
    else:
        of_events = item_statistics(happened, events.item, events.time, values)
    return Known(log, targets, events, starts, earlier, of_targets, of_events)


def _means(log: Log, happened: Events) -> dict[str, NDArray[Any]]:
    """The values that an item has a mean of; in a log of choices alone all are 1, so there is none."""
    liked = {} if (log.events.role == DRAWN).any() else {LIKED: happened.liked}
    return liked | ({RATING: happened.value} if log.ratings is not None else {})


def _earlier(events: Events, starts: Integers, targets: Events) -> NDArray[np.int32]:
    """(row,) how many of the user's events are strictly earlier."""
    earlier = np.empty(len(targets), dtype=np.int32)
    for first, last in user_rows(targets.user):
        user = targets.user[first]
        of_user = events.time[starts[user] : starts[user + 1]]
        earlier[first:last] = np.searchsorted(of_user, targets.time[first:last])
    return earlier


class NumberColumns:
    """The columns of `known`, for the numbers of a text specification."""

    def __init__(self, numbers: Sequence[Number], known: Known) -> None:
        self.numbers, self.known = numbers, known
        log = known.log
        ids: dict[str, dict[object, int]] = {name: {} for name in same_attributes(numbers)}
        self._values = {name: values_of(log.items, name, ids[name]) for name in ids}
        named = [name.partition(".") for name in (*entry_attributes(numbers), *event_attributes(numbers))]
        self._items = {
            name: _column(log.items, name) for record, _, name in named if record == "item" and name not in STATISTICS
        }
        self._users = {name: _user_column(log, name) for record, _, name in named if record == "user"}

    def of_rows(self, first: int, last: int) -> tuple[History, Entries]:
        """Of the targets from `first` up to `last`, which are all rows of some users."""
        known = self.known
        rows = known.targets.select(slice(first, last))
        low, high = (int(known.starts[user]) for user in (rows.user[0], rows.user[-1] + 1))
        events = known.events.select(slice(low, high))
        history = History(
            events.time,
            {
                name: self._of_events(name, events, slice(low, high), known.event_statistics)
                for name in event_attributes(self.numbers)
            },
            self._of_items(events.item),
        )
        start = known.starts[rows.user] - low
        entries = Entries(
            start,
            start + known.earlier[first:last],
            rows.time,
            {name: self._of_entries(name, rows, first, last) for name in entry_attributes(self.numbers)},
            self._of_items(rows.item),
        )
        return history, entries

    def as_events(self, name: str) -> Floats:
        """(row,) what past events have under this name, of the targets: "liked", "item.price"."""
        return self._of_events(name, self.known.targets, slice(None), self.known.statistics)

    def _of_items(self, items: NDArray[np.int32]) -> dict[str, Values]:
        return {name: values.take(items.astype(np.int64)) for name, values in self._values.items()}

    def _of_events(self, name: str, events: Events, at: slice, statistics: Mapping[str, Statistic]) -> Floats:
        attribute = name.removeprefix("item.")
        if attribute == name:
            others = self.known.log.other_labels
            if name in others:
                return events.others[:, others.index(name)].astype(np.float64)
            return (events.liked if name == "liked" else events.value).astype(np.float64)
        if attribute in STATISTICS:
            found: Floats = statistics[attribute][at]
            return found
        return self._items[attribute][events.item]

    def _of_entries(self, name: str, rows: Events, first: int, last: int) -> Floats:
        record, _, attribute = name.partition(".")
        if record == "user":
            return self._users[attribute][rows.user]
        if attribute in STATISTICS:
            found: Floats = self.known.statistics[attribute][first:last]
            return found
        return self._items[attribute][rows.item]


def _column(items: Sequence[Item], name: str) -> Floats:
    return np.array([number_of(item.attributes.get(name), f"{name} of item {item.id!r}") for item in items])


def _user_column(log: Log, name: str) -> Floats:
    users = zip(log.user_ids, log.users, strict=True)
    return np.array([number_of(user.attributes.get(name), f"{name} of user {key!r}") for key, user in users])
