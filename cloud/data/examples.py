"""A log to examples: requests as an app would have sent them at that moment, with what the user then did."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from cloud.data.log import Events, Log
from cloud.data.statistics import LEAST, ItemStatistics, item_statistics, liked_before
from edge.text.types import Event, Item, Request, User, Value

LIKED: dict[bool, dict[str, Value]] = {True: {"liked": True}, False: {"liked": False}}


@dataclass(frozen=True)
class Example:
    """`times`, `labels` and the request's candidates are parallel; `time` is the first candidate's."""

    user_id: str
    request: Request
    times: tuple[float, ...]
    labels: tuple[int, ...]

    @property
    def time(self) -> float:
        return self.times[0]


@dataclass(frozen=True)
class Blocks:
    """How a user's consecutive events become requests, and what each may look back on."""

    candidates: int = 16  # at most, per request
    events: int = 20  # newest earlier events kept as history
    least: int = LEAST  # earlier events below which a share is not given
    population: bool = True  # false where times of two users do not compare: an item then has no statistics


def examples(log: Log, part: int, blocks: Blocks, seen: Events | None = None) -> Iterator[Example]:
    """The requests of one part, by user and time, looking back on `seen` events (the log's by default).

    History and the user's share: the user's events strictly before the request's first candidate, of any part.
    An item's statistics: all users' events strictly before that candidate's own time.
    """
    seen = log.events if seen is None else seen
    targets = log.events.select(log.events.part == part)
    known = seen if blocks.population else seen.select(np.zeros(len(seen), dtype=bool))
    catalogue = _Catalogue(log, item_statistics(known, targets.item, targets.time, blocks.least))
    starts, likes = liked_before(seen, len(log.users))
    for user, first, last in _blocks(targets, blocks.candidates):
        start = int(starts[user])
        end = start + int(np.searchsorted(seen.time[start : starts[user + 1]], targets.time[first]))
        profile = log.users[user]
        if end - start >= max(blocks.least, 1):
            share = round(float(likes[end] - likes[start]) / (end - start), 2)
            profile = User({**profile.attributes, "liked_share": share})
        rows = range(first, last)
        yield Example(
            user_id=log.user_ids[user],
            request=Request(
                user=profile,
                events=_history(log, seen, max(start, end - blocks.events), end),
                candidates=tuple(catalogue.item(int(targets.item[row]), row) for row in rows),
            ),
            times=tuple(targets.time[first:last].tolist()),
            labels=tuple(targets.liked[first:last].astype(int).tolist()),
        )


def _blocks(targets: Events, size: int) -> Iterator[tuple[int, int, int]]:
    """(user, first, last) of consecutive events of one user, at most `size` at a time."""
    bounds = [0, *(np.flatnonzero(np.diff(targets.user)) + 1).tolist(), len(targets)]
    for start, end in pairwise(bounds):
        for first in range(start, end, size):
            yield int(targets.user[first]), first, min(first + size, end)


def _history(log: Log, seen: Events, start: int, end: int) -> tuple[Event, ...]:
    items, liked, times = (column[start:end].tolist() for column in (seen.item, seen.liked, seen.time))
    return tuple(
        Event(log.items[item], LIKED[like], int(time) if time.is_integer() else time)
        for item, like, time in zip(items, liked, times, strict=True)
    )


class _Catalogue:
    """Items with their statistics of the moment; equal ones are one object, which makes caching cheap."""

    def __init__(self, log: Log, statistics: ItemStatistics) -> None:
        self.log = log
        self.ranks, self.shares = statistics.views_rank.tolist(), statistics.liked_share.tolist()
        self.known: dict[tuple[int, float | None, float | None], Item] = {}

    def item(self, index: int, row: int) -> Item:
        key = (index, _or_none(self.ranks[row]), _or_none(self.shares[row]))
        if key not in self.known:
            found = {"views_rank": key[1], "liked_share": key[2]}
            extra = {name: value for name, value in found.items() if value is not None}
            item = self.log.items[index]
            self.known[key] = replace(item, attributes={**item.attributes, **extra}) if extra else item
        return self.known[key]


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value
