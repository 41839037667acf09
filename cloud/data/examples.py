"""Rows as requests: what an app would have sent at that moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from cloud.data.number_columns import Known
from cloud.data.phrases import event_attributes, moment_attributes, plain_number
from cloud.data.statistics import Statistic
from edge.text.types import Event, Item, Request


def request_of(known: Known, rows: Sequence[int], most_events: int) -> Request:
    """The targets at `rows`, of one user, as candidates: each with what was known of its item at its own moment.

    The newest `most_events` events that are strictly earlier than the first row, each item as it was known then.
    """
    first, targets = rows[0], known.targets
    start, end = known.window(first)
    begin = max(start, end - most_events)
    return Request(
        user=known.log.users[int(targets.user[first])],
        events=tuple(_event(known, place) for place in range(begin, end)),
        candidates=tuple(_item(known, int(targets.item[row]), known.statistics, row) for row in rows),
        time=plain_number(float(targets.time[first])),
    )


def _event(known: Known, place: int) -> Event:
    events = known.events
    item = _item(known, int(events.item[place]), known.event_statistics, place)
    return Event(item, event_attributes(known.log, events, place), plain_number(float(events.time[place])))


def _item(known: Known, item: int, statistics: Mapping[str, Statistic], row: int) -> Item:
    found = known.log.items[item]
    extra = moment_attributes({name: float(column[row]) for name, column in statistics.items()})
    return replace(found, attributes={**found.attributes, **extra}) if extra else found
