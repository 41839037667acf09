"""What was known about an item at a moment, from all users' strictly earlier rows: what an app's server would send.

An item's attributes beside its own: docs/data.md defines them for whoever computes them elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloud.data.log import Events
from edge.text.arithmetic import UNIT, running, to_units

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

VIEWS, RANK, LIKED, RATING = "views", "views_rank", "liked_share", "mean_rating"
STATISTICS = (VIEWS, RANK, LIKED, RATING)
SMOOTHING = 10  # rows of the mean of all that an item's mean starts from
DECIMALS = 3  # of shares and means, so that few texts differ
NONE = np.iinfo(np.int32).min  # of a whole number
CHUNK = 1_000_000  # queries answered together


@dataclass(frozen=True)
class Statistic:
    """(query,) numbers of so many decimals. Kept as whole numbers, as there is one for each row of a log."""

    whole: NDArray[Any]
    unit: int  # how many whole numbers make 1

    def __getitem__(self, queries: Any) -> Any:
        """Those at a slice, a mask, places or one place; NaN where there is none."""
        whole = self.whole[queries]
        return np.where(whole == NONE, np.nan, whole / self.unit)

    def select(self, queries: NDArray[np.bool_]) -> Statistic:
        return self if queries.all() else Statistic(self.whole[queries], self.unit)


def item_statistics(
    seen: Events, items: NDArray[np.int32], times: Floats, values: Mapping[str, NDArray[Any]]
) -> dict[str, Statistic]:
    """Name -> (query,) of `items` at `times`, from the `seen` rows whose time is strictly earlier; NaN without any.

    `views`: rows of the item. `views_rank`: share of the items seen so far that have more views, 0 is the most watched.
    Of each of `values`, parallel to `seen`, the mean over the item's rows and `SMOOTHING` rows of the mean of all.
    O((rows + queries) log rows).
    """
    rows = _ByItem(seen, items, times)
    found = {VIEWS: Statistic(rows.over_queries(lambda first, last, now: last - first), 1)}
    found |= {name: rows.mean(column) for name, column in values.items()}
    return found | {RANK: rows.rank()}


class _ByItem:
    """The seen rows ordered by item and time, so that those of an item before a moment are neighbours."""

    def __init__(self, seen: Events, items: NDArray[np.int32], times: Floats) -> None:
        self.seen, self.items, self.times = seen, items, times
        self.moments = np.unique(seen.time)
        self.width = len(self.moments) + 1
        self.order = np.lexsort((seen.time, seen.item))
        self.keys = self._keys(seen.item[self.order], seen.time[self.order])

    def over_queries(self, make: Any, kind: type = np.int32) -> NDArray[Any]:
        """(query,) what `make` gives for the first and the end of each one's rows, and its moment; some at a time."""
        result: NDArray[Any] = np.empty(len(self.items), dtype=kind)
        for start in range(0, len(self.items), CHUNK):
            at = slice(start, start + CHUNK)
            now = np.searchsorted(self.moments, self.times[at])
            item = self.items[at].astype(np.int64) * self.width
            result[at] = make(np.searchsorted(self.keys, item), np.searchsorted(self.keys, item + now), now)
        return result

    def mean(self, column: NDArray[Any]) -> Statistic:
        """Smoothed with the mean of all rows before the moment."""
        units = to_units(column)
        of_items = running(units[self.order])
        by_time = np.argsort(self.seen.time, kind="stable")
        of_all = running(units[by_time])
        starts = np.searchsorted(self.seen.time[by_time], self.moments)  # rows before each moment
        del by_time, units
        everyone = np.append(of_all[starts] / UNIT / np.maximum(starts, 1), of_all[-1] / UNIT / max(len(column), 1))
        del of_all
        scale = 10**DECIMALS

        def make(first: Integers, last: Integers, now: Integers) -> Integers:
            views = last - first
            mean = ((of_items[last] - of_items[first]) / UNIT + SMOOTHING * everyone[now]) / (views + SMOOTHING)
            return np.where(views > 0, np.rint(mean * scale), NONE).astype(np.int64)

        largest = float(np.abs(column).max(initial=0)) * scale
        return Statistic(self.over_queries(make, np.int32 if largest < -NONE else np.int64), scale)

    def rank(self) -> Statistic:
        """Items with more views over items with any: an item has k views once its k-th row is past."""
        item = self.seen.item[self.order]
        places = np.arange(len(item))
        new = np.ones(len(item), dtype=bool)
        new[1:] = item[1:] != item[:-1]
        ordinal = places - np.maximum.accumulate(np.where(new, places, 0)) + 1
        del item, places, new
        reached = ordinal * self.width + self.keys % self.width  # the how many-th row of its item, and when
        del ordinal
        reached.sort()
        scale = 10**DECIMALS

        def items_with(count: Integers, now: Integers) -> Integers:
            """(query,) how many items have that many views or more by now."""
            return np.searchsorted(reached, count * self.width + now) - np.searchsorted(reached, count * self.width)

        def make(first: Integers, last: Integers, now: Integers) -> Integers:
            views = last - first
            share = items_with(views + 1, now) / np.maximum(items_with(np.ones_like(views), now), 1)
            return np.where(views > 0, np.rint(share * scale), NONE).astype(np.int64)

        return Statistic(self.over_queries(make), scale)

    def _keys(self, item: NDArray[np.int32], time: Floats) -> Integers:
        """A pair of an item and a moment as one number that sorts like it."""
        return item.astype(np.int64) * self.width + np.searchsorted(self.moments, time)
