"""From a log to the columns that numbers are computed from, some users at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloud.data.log import DRAWN, Events, Log
from cloud.data.statistics import LIKED, RATING, STATISTICS, item_statistics
from edge.text.columns import (
    entry_attributes,
    event_attributes,
    number_of,
    same_attributes,
    values_of,
)
from edge.text.history import Entries, History, Values
from edge.text.number import Number
from edge.text.types import Item

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Known:
    """What is known at each row of `targets`, when users and servers look back on `seen`.

    `earlier` (row,): how many of the user's events are strictly earlier, `start` (row,): where they begin among the
    rows of `seen` that are events.
    """

    log: Log
    targets: Events
    events: Events  # rows of `seen` that become history
    start: Integers
    earlier: Integers
    statistics: Mapping[str, Floats]  # of each target's item
    event_statistics: Mapping[str, Floats]  # of each event's item, as when it happened


def known_at(log: Log, targets: Events | None = None, seen: Events | None = None) -> Known:
    """Of the log's own rows by default."""
    targets = log.events if targets is None else targets
    seen = log.events if seen is None else seen
    events = seen.select(seen.past)
    start, earlier = _pointers(events, targets)
    if not log.shared_clock:
        return Known(log, targets, events, start, earlier, {}, {})
    happened = seen.select(seen.happened)
    values = _means(log, happened)
    of_targets = item_statistics(happened, targets.item, targets.time, values)
    if targets is seen:
        of_events = {name: column[seen.past] for name, column in of_targets.items()}
    else:
        of_events = item_statistics(happened, events.item, events.time, values)
    return Known(log, targets, events, start, earlier, of_targets, of_events)


def _means(log: Log, happened: Events) -> dict[str, NDArray[Any]]:
    """What an item has a mean of; of choices alone every item is liked by all, which says nothing."""
    liked = {} if (log.events.role == DRAWN).any() else {LIKED: happened.liked}
    return liked | ({RATING: happened.value} if log.ratings is not None else {})


def _pointers(events: Events, targets: Events) -> tuple[Integers, Integers]:
    """For each target where its user's events begin, and how many of them are strictly earlier."""
    moments = np.unique(np.concatenate([events.time, targets.time]))
    width = len(moments) + 1

    def keys(rows: Events) -> Integers:
        return rows.user.astype(np.int64) * width + np.searchsorted(moments, rows.time)

    start = np.searchsorted(events.user, targets.user)
    return start, np.searchsorted(keys(events), keys(targets)) - start


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
        rows = known.targets.select(np.arange(first, last))
        if first == last:
            low = high = 0
        else:
            low = int(known.start[first])
            high = max(low, int(np.searchsorted(known.events.user, rows.user[-1], side="right")))
        events = known.events.select(np.arange(low, high))
        statistics = {name: column[low:high] for name, column in known.event_statistics.items()}
        history = History(
            events.time,
            {name: self._of_events(name, events, statistics) for name in event_attributes(self.numbers)},
            self._of_items(events.item),
        )
        start = known.start[first:last] - low
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
        return self._of_events(name, self.known.targets, self.known.statistics)

    def _of_items(self, items: NDArray[np.int32]) -> dict[str, Values]:
        return {name: values.take(items.astype(np.int64)) for name, values in self._values.items()}

    def _of_events(self, name: str, events: Events, statistics: Mapping[str, Floats]) -> Floats:
        attribute = name.removeprefix("item.")
        if attribute == name:
            others = self.known.log.other_labels
            if name in others:
                return events.others[:, others.index(name)].astype(np.float64)
            return events.liked.astype(np.float64) if name == "liked" else events.value
        if attribute in STATISTICS:
            return statistics[attribute]
        return self._items[attribute][events.item]

    def _of_entries(self, name: str, rows: Events, first: int, last: int) -> Floats:
        record, _, attribute = name.partition(".")
        if record == "user":
            return self._users[attribute][rows.user]
        if attribute in STATISTICS:
            return self.known.statistics[attribute][first:last]
        return self._items[attribute][rows.item]


def _column(items: Sequence[Item], name: str) -> Floats:
    return np.array([number_of(item.attributes.get(name), f"{name} of item {item.id!r}") for item in items])


def _user_column(log: Log, name: str) -> Floats:
    users = zip(log.user_ids, log.users, strict=True)
    return np.array([number_of(user.attributes.get(name), f"{name} of user {key!r}") for key, user in users])
