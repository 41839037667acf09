"""What was known about an item at a moment: how watched and how liked it was, from earlier events only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cloud.data.log import Events

LEAST = 5  # fewer earlier events than this say nothing: the statistic is absent (NaN)


@dataclass(frozen=True)
class ItemStatistics:
    """Parallel to the queries (query,); NaN where there is too little to say.

    views_rank: share of the items seen so far that have more views, 0 = most watched.
    liked_share: likes per view so far. Both are rounded to 2 decimals, so that equal texts are rendered once.
    """

    views_rank: NDArray[np.float64]
    liked_share: NDArray[np.float64]


def item_statistics(
    seen: Events, items: NDArray[np.int32], times: NDArray[np.float64], least: int = LEAST
) -> ItemStatistics:
    """The statistics of `items` at `times`, from the `seen` events whose time is strictly earlier.

    One pass over both in time order; O((events + queries) log) for the sorting, O(1) a step.
    """
    count = int(max(seen.item.max(initial=-1), items.max(initial=-1))) + 1
    views, likes = [0] * count, [0] * count
    at_least = [0, 0]  # at_least[v]: items with v views or more, v >= 1
    order = np.argsort(seen.time, kind="stable")
    event_time = [*seen.time[order].tolist(), float("inf")]
    event_item, event_liked = seen.item[order].tolist(), seen.liked[order].tolist()
    ranks, shares = np.full(len(items), np.nan), np.full(len(items), np.nan)
    queries = np.argsort(times, kind="stable").tolist()
    query_item, query_time = items.tolist(), times.tolist()
    at = 0
    for query in queries:
        time, item = query_time[query], query_item[query]
        while event_time[at] < time:
            watched = event_item[at]
            views[watched] += 1
            likes[watched] += event_liked[at]
            if views[watched] == len(at_least):
                at_least.append(0)
            at_least[views[watched]] += 1
            at += 1
        if views[item] >= max(least, 1):
            more = at_least[views[item] + 1] if views[item] + 1 < len(at_least) else 0
            ranks[query] = more / at_least[1]
            shares[query] = likes[item] / views[item]
    return ItemStatistics(np.round(ranks, 2), np.round(shares, 2))


def liked_before(seen: Events, users: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(starts, likes): user u's events are starts[u] up to starts[u + 1]; likes[e] counts likes before e."""
    starts = np.searchsorted(seen.user, np.arange(users + 1))
    return starts, np.concatenate([[0], np.cumsum(seen.liked)])
