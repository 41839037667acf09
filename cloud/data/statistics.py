"""What was known about an item at a moment, from all users' strictly earlier rows: what an app's server would send.

They are further attributes of an item; docs/data.md defines them for servers that compute them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloud.data.counts import slices
from cloud.data.log import Events
from cloud.data.moments import narrow, running_units, user_starts
from edge.text.arithmetic import UNIT

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

VIEWS, RANK, LIKED, RATING = "views", "views_rank", "liked_share", "mean_rating"
STATISTICS = (VIEWS, RANK, LIKED, RATING)
SMOOTHING = 10  # rows of the mean of all that an item's mean starts from
DECIMALS = 3  # of shares and means, so that few texts differ
NONE = np.iinfo(np.int32).min  # of a whole number


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
        """The statistic of the queries that a mask selects."""
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
    return {VIEWS: rows.views, **{name: rows.mean(column) for name, column in values.items()}, RANK: rows.rank()}


class _ByItem:
    """The seen rows ordered by item and time, so that those of an item before a moment are neighbours."""

    def __init__(self, seen: Events, items: NDArray[np.int32], times: Floats) -> None:
        self.seen, self.items = seen, items
        self.moments = np.unique(seen.time)
        self.width = len(self.moments) + 1
        self.order = narrow(np.lexsort((seen.time, seen.item)))
        self.keys = np.empty(len(seen), dtype=np.int64)  # a pair of an item and a moment as a number that sorts like it
        for at in slices(len(seen)):
            rows = self.order[at]
            self.keys[at] = seen.item[rows].astype(np.int64) * self.width + places(self.moments, seen.time[rows])
        every = np.arange(max(seen.item.max(initial=-1), items.max(initial=-1)) + 1, dtype=np.int64)
        self.starts = np.searchsorted(self.keys, every * self.width)  # (item,) its first row
        self.now, views = (np.empty(len(items), dtype=np.int32) for _ in range(2))  # (query,) its moment
        for at in slices(len(items)):
            self.now[at] = now = places(self.moments, times[at])
            views[at] = places(self.keys, items[at].astype(np.int64) * self.width + now) - self.starts[items[at]]
        self.views = Statistic(views, 1)

    def over_queries(self, make: Any, scale: int, kind: type = np.int32) -> Statistic:
        """What `make` gives for the first of each one's rows, how many they are, and its moment; some at a time."""
        result: NDArray[Any] = np.empty(len(self.items), dtype=kind)
        for at in slices(len(self.items)):
            views = self.views.whole[at].astype(np.int64)
            value = make(self.starts[self.items[at]], views, self.now[at].astype(np.int64))
            result[at] = np.where(views > 0, np.rint(value * scale), NONE)
        return Statistic(result, scale)

    def mean(self, column: NDArray[Any]) -> Statistic:
        """Smoothed with the mean of all rows before the moment."""
        everyone = self._everyone(column)
        of_items = running_units(column, self.order)

        def make(first: Integers, views: Integers, now: Integers) -> Floats:
            mean: Floats = (of_items[first + views] - of_items[first]) / UNIT + SMOOTHING * everyone[now]
            return mean / (views + SMOOTHING)

        largest = float(np.abs(column).max(initial=0)) * 10**DECIMALS
        return self.over_queries(make, 10**DECIMALS, np.int32 if largest < -NONE else np.int64)

    def _everyone(self, column: NDArray[Any]) -> Floats:
        """(moment + 1,) the mean of all rows before each moment, and of all."""
        by_time = narrow(np.argsort(self.seen.time, kind="stable"))
        of_all = running_units(column, by_time)
        starts = np.searchsorted(self.seen.time[by_time], self.moments)  # rows before each moment
        del by_time
        means = of_all[starts] / UNIT / np.maximum(starts, 1)
        return np.append(means, of_all[-1] / UNIT / max(len(column), 1))

    def rank(self) -> Statistic:
        """Items with more views over items with any: an item has k views once its k-th row is past."""
        reached = np.arange(1, len(self.keys) + 1)
        reached -= user_starts(self.seen.item[self.order])  # the number of this row among its item's,
        most = int(reached.max(initial=0))
        reached *= self.width
        for at in slices(len(reached)):
            reached[at] += self.keys[at] % self.width  # and its time
        reached.sort()
        starts = np.searchsorted(reached, np.arange(most + 2) * self.width)  # (k,) the first k-th row
        first_rows = reached[starts[1] : starts[2]] if most else reached  # of every item, by moment

        def make(first: Integers, views: Integers, now: Integers) -> Floats:
            with_any = np.searchsorted(first_rows, now + self.width)
            with_more = places(reached, (views + 1) * self.width + now) - starts[views + 1]
            share: Floats = with_more / np.maximum(with_any, 1)
            return share

        return self.over_queries(make, 10**DECIMALS)


def places(ordered: NDArray[Any], values: NDArray[Any]) -> Integers:
    """(value,) as `searchsorted` finds it, sorted first: neighbours are then found in the same part of the memory."""
    order = np.argsort(values)
    found = np.empty(len(values), dtype=np.int64)
    found[order] = np.searchsorted(ordered, values[order])
    return found
