"""A behaviour log in memory: users, items, and events as columns."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from edge.text.types import Item, User

TRAIN, VALIDATION, TEST = 0, 1, 2
PARTS = ("train", "validation", "test")
EVENT = 0  # enters its user's history
SHOWN = 1  # was seen and not chosen: counts among an item's views, and is no event
DRAWN = 2  # never happened: a negative drawn for a log of choices alone


@dataclass(frozen=True)
class Events:
    """Parallel columns (event,), ordered by user, then time, then place in the file."""

    user: NDArray[np.int32]  # index into Log.users
    item: NDArray[np.int32]  # index into Log.items
    time: NDArray[np.float64]  # of its screen, in seconds since 1970, UTC, or in the log's own steps
    liked: NDArray[np.bool_]
    value: NDArray[np.float64]  # the rating, or 1 and 0
    role: NDArray[np.int8]  # EVENT, SHOWN or DRAWN
    others: NDArray[np.int8]  # (event, label) 1 and 0, of the labels in Log.other_labels
    part: NDArray[np.int8]  # TRAIN, VALIDATION or TEST

    def __len__(self) -> int:
        return len(self.user)

    @property
    def past(self) -> NDArray[np.bool_]:
        """Those that enter their user's history."""
        return self.role == EVENT

    @property
    def happened(self) -> NDArray[np.bool_]:
        """Those that were not drawn."""
        return self.role != DRAWN

    def select(self, which: NDArray[np.bool_] | NDArray[np.intp] | slice) -> Events:
        """The events at a mask, at indices in that order, or of a slice; a mask of all gives themselves."""
        if not isinstance(which, slice) and which.dtype == bool and which.all():
            return self
        return Events(*(getattr(self, column.name)[which] for column in fields(self)))


@dataclass(frozen=True)
class Log:
    """`users[u]` is the profile of `user_ids[u]`; `items[i]` carries its id."""

    user_ids: tuple[str, ...]
    users: tuple[User, ...]
    items: tuple[Item, ...]
    events: Events
    shared_clock: bool = True  # false: times of two users do not compare
    ratings: tuple[float, float] | None = None  # the smallest and the largest; None where labels are read
    other_labels: tuple[str, ...] = ()


def first_users(log: Log, count: int) -> Log:
    """The log of its first `count` users (all if 0); items keep their indices."""
    if not count or count >= len(log.users):
        return log
    events = log.events.select(log.events.user < count)
    return replace(log, user_ids=log.user_ids[:count], users=log.users[:count], events=events)
