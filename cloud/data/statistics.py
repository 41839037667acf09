"""What was known about an item at a moment, from all users' strictly earlier rows: what an app's server would send.

An item's attributes beside its own: docs/data.md defines them for whoever computes them elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
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


def item_statistics(
    seen: Events, items: NDArray[np.int32], times: Floats, values: Mapping[str, NDArray[Any]]
) -> dict[str, Floats]:
    """Name -> (query,) of `items` at `times`, from the `seen` rows whose time is strictly earlier; NaN without any.

    `views`: rows of the item. `views_rank`: share of the items seen so far that have more views, 0 is the most watched.
    Of each of `values`, parallel to `seen`, the mean over the item's rows and `SMOOTHING` rows of the mean of all.
    O((rows + queries) log rows).
    """
    moments = _Moments(seen.time)
    order = np.lexsort((seen.time, seen.item))
    keys = moments.keys(seen.item[order], moments.of(seen.time[order]))
    now = moments.of(times)
    first = np.searchsorted(keys, moments.keys(items, np.zeros_like(now)))
    last = np.searchsorted(keys, moments.keys(items, now))
    views = last - first
    known = views > 0
    found = {VIEWS: views.astype(np.float64), RANK: _rank(views, _ordinals(keys, moments), order, seen, moments, now)}
    by_time = np.argsort(seen.time, kind="stable")
    before = np.searchsorted(seen.time[by_time], times)  # rows of all items
    for name, column in values.items():
        units = to_units(column)
        total, of_all = running(units[order]), running(units[by_time])
        everyone = of_all[before] / UNIT / np.maximum(before, 1)
        mean = ((total[last] - total[first]) / UNIT + SMOOTHING * everyone) / (views + SMOOTHING)
        found[name] = np.where(known, np.round(mean, DECIMALS), np.nan)
    found[RANK] = np.where(known, np.round(found[RANK], DECIMALS), np.nan)
    return found


class _Moments:
    """Times as whole numbers, so that a pair of numbers and a time sorts as one number."""

    def __init__(self, time: Floats) -> None:
        self.distinct = np.unique(time)

    def of(self, time: Floats) -> Integers:
        """How many distinct moments are earlier."""
        return np.searchsorted(self.distinct, time)

    def keys(self, first: NDArray[np.integer], moment: Integers) -> Integers:
        return np.asarray(first, dtype=np.int64) * (len(self.distinct) + 1) + moment


def _ordinals(keys: Integers, moments: _Moments) -> Integers:
    """Of rows ordered by item and time, the how many-th of its item each is, from 1."""
    item = keys // (len(moments.distinct) + 1)
    starts = np.searchsorted(item, item)
    return np.arange(1, len(keys) + 1) - starts


def _rank(
    views: Integers, ordinals: Integers, order: Integers, seen: Events, moments: _Moments, now: Integers
) -> Floats:
    """(query,) items with more views over items with any: an item has k views once its k-th row is past."""
    reached = np.sort(moments.keys(ordinals, moments.of(seen.time[order])))

    def items_with(count: Integers) -> Integers:
        """(query,) how many items have that many views or more by now."""
        start = np.searchsorted(reached, moments.keys(count, np.zeros_like(now)))
        return np.searchsorted(reached, moments.keys(count, now)) - start

    share: Floats = items_with(views + 1) / np.maximum(items_with(np.ones_like(views)), 1)
    return share
