"""Negatives for a log of choices alone: items that were not chosen, drawn as of the moment of each choice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloud.data.log import DRAWN, TEST, Events
from cloud.data.moments import screens, user_rows
from cloud.data.schema import Negatives
from cloud.runs.directory import Run

Integers = NDArray[np.int64]
Pick = Callable[[Integers, NDArray[np.float64]], Integers]  # rows, one random share each -> an item each, -1 for none

ROUNDS = 20  # of drawing again what the user had met
STAGES = 10  # of a user's history


def protocol(negatives: Negatives) -> str:
    """How the negatives were drawn, in words, for the readers of a figure."""
    words = {
        "uniform": "uniformly from the items that anybody had met before",
        "popularity": "from the items of all earlier rows, each as often as it was met",
        "stage": f"from what other users chose in the same of {STAGES} stages of their histories",
    }
    return (
        f"{negatives.each} negatives for each row, drawn {words[negatives.by]} (seed {negatives.seed}), none that the "
        "user had met; scores are ranks, not probabilities"
    )


def are_drawn(prepared: Run) -> bool:
    """Whether a prepared run has drawn negatives: a model of it gives ranks, not probabilities."""
    return bool(prepared.config["negatives"]["each"])


def with_negatives(events: Events, negatives: Negatives, unseen: NDArray[np.bool_]) -> Events:
    """The choices and, right after each, at most so many drawn rows of the same user, time and part.

    Items that are `unseen`, (item,), are drawn for test rows alone.
    Fewer where every drawn item already occurs in the user's rows. O(rows log rows) per negative.
    """
    draw = _Draw(events, negatives, unseen)
    drawn = [draw.items() for _ in range(negatives.each)]
    rows = np.concatenate([np.flatnonzero(items >= 0) for items in drawn])
    items = np.concatenate([items[items >= 0] for items in drawn]).astype(np.int32)
    negative = events.select(rows)
    changes: dict[str, NDArray[Any]] = {
        "item": items,
        "liked": np.zeros(len(rows), dtype=bool),
        "value": np.zeros(len(rows)),
        "role": np.full(len(rows), DRAWN, dtype=np.int8),
        "others": np.zeros_like(negative.others),
    }
    order = np.argsort(np.concatenate([np.arange(len(events)), rows]), kind="stable")
    return Events(
        *(
            np.concatenate([getattr(events, column.name), changes.get(column.name, getattr(negative, column.name))])[
                order
            ]
            for column in fields(events)
        )
    )


@dataclass
class _Draw:
    """Items for all rows at once; an item that the user's rows or the row's earlier negatives have is drawn again."""

    events: Events
    negatives: Negatives
    unseen: NDArray[np.bool_]

    def __post_init__(self) -> None:
        events = self.events
        self.random = np.random.default_rng(self.negatives.seed)
        self.pick = {"uniform": self._uniform, "popularity": self._popularity, "stage": self._stage}[
            self.negatives.by
        ]()
        self.width = int(events.item.max()) + 1
        met = np.lexsort((events.time, events.item, events.user))
        self.met = events.user[met].astype(np.int64) * self.width + events.item[met]
        self.met_time = events.time[met]
        self.before: list[Integers] = []  # of earlier negatives of the same rows

    def items(self) -> Integers:
        """(row,) -1 where nothing was found."""
        found = np.full(len(self.events), -1, dtype=np.int64)
        left = np.arange(len(self.events))
        for _ in range(ROUNDS):
            drawn = self.pick(left, self.random.random(len(left)))
            good = (drawn >= 0) & ~self._known(left, drawn)
            found[left[good]] = drawn[good]
            left = left[~good]
            if not len(left):
                break
        self.before.append(found)
        return found

    def _known(self, rows: Integers, drawn: Integers) -> NDArray[np.bool_]:
        """The user met the item by then, on the same screen too, or the row has it."""
        events = self.events
        keys = events.user[rows].astype(np.int64) * self.width + drawn
        first = np.minimum(np.searchsorted(self.met, keys), len(self.met) - 1)
        known: NDArray[np.bool_] = (self.met[first] == keys) & (self.met_time[first] <= events.time[rows])
        known |= self.unseen[drawn] & (events.part[rows] != TEST)
        for items in self.before:
            known |= items[rows] == drawn
        return known

    def _uniform(self) -> Pick:
        events = self.events
        order = np.argsort(events.time, kind="stable")
        items, first = np.unique(events.item[order], return_index=True)
        born = np.argsort(events.time[order][first], kind="stable")
        return self._earlier(items[born].astype(np.int64), events.time[order][first][born])

    def _popularity(self) -> Pick:
        order = np.argsort(self.events.time, kind="stable")
        return self._earlier(self.events.item[order].astype(np.int64), self.events.time[order])

    def _earlier(self, items: Integers, time: NDArray[np.float64]) -> Pick:
        """One of `items` whose time, in order, is strictly earlier than the row's."""

        def pick(rows: Integers, shares: NDArray[np.float64]) -> Integers:
            count = np.searchsorted(time, self.events.time[rows])
            place = np.minimum((shares * count).astype(np.int64), np.maximum(count - 1, 0))
            return np.where(count > 0, items[place], -1)

        return pick

    def _stage(self) -> Pick:
        """A choice of another user in the same stage."""
        events = self.events
        stage = np.empty(len(events), dtype=np.int64)
        seen = screens(events.user, events.time)
        for start, end in user_rows(events.user):
            stage[start:end] = (seen[start:end] - start) * STAGES // (end - start)
        order = np.argsort(stage, kind="stable")
        starts = np.searchsorted(stage[order], np.arange(STAGES + 1))

        def pick(rows: Integers, shares: NDArray[np.float64]) -> Integers:
            low, count = starts[stage[rows]], np.diff(starts)[stage[rows]]
            drawn = order[low + np.minimum((shares * count).astype(np.int64), count - 1)]
            own = events.user[drawn] == events.user[rows]
            return np.where(own, -1, events.item[drawn].astype(np.int64))

        return pick
