"""What a log holds, in plain values: for the run's summary, its tables and its page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloud.data.counts import CHUNK, Counts, count_by, counted_auc, share, slices, spread_of
from cloud.data.giveaways import attribute_figures, liked_share
from cloud.data.histories import history_figures
from cloud.data.log import PARTS, TEST, TRAIN, Events
from cloud.data.moments import run_starts
from cloud.data.number_columns import Known

MOMENTS = 40  # bars of the rows over time


def log_figures(known: Known) -> dict[str, Any]:
    """Rows, users, screens and labels by part; histories; what is new in test; attributes. O(rows), some at a time."""
    events, log = known.targets, known.log
    users = count_by(events.user, events, len(log.users))
    items = count_by(events.item, events, len(log.items))
    return {
        "parts": _parts(events, users, items),
        "histories": history_figures(known),
        "test": _test(users, items),
        "over_time": _over_time(events) if log.shared_clock else None,
        "items": _items(items),
        "attributes": attribute_figures(log, users, items),
    }


def _parts(events: Events, users: Counts, items: Counts) -> dict[str, Any]:
    screens = _screens(events)
    found = {}
    for name, which in (("all", slice(None)), *((name, slice(part, part + 1)) for part, name in enumerate(PARTS))):
        rows, likes = int(users.rows[which].sum()), int(users.likes[which].sum())
        found[name] = {
            "rows": rows,
            "liked": share(likes, rows),
            "users": int(users.rows[which].any(axis=0).sum()),
            "items": int(items.rows[which].any(axis=0).sum()),
            **screens[name],
            "rows_a_screen": share(rows, screens[name]["screens"]),
        }
    return found


def _screens(events: Events) -> Mapping[str, Any]:
    """By part: how many, rows of one on average, and the share of those with both labels, whose order can be learned.

    A screen's rows are of one part.
    """
    screens, both = (np.zeros(len(PARTS), dtype=np.int64) for _ in range(2))
    starts = run_starts(events.user, events.time)
    for at in _whole_screens(starts):
        first = np.flatnonzero(starts[at])
        sizes = np.diff(first, append=at.stop - at.start)
        likes = np.add.reduceat(events.liked[at], first, dtype=np.int64)
        part = events.part[at][first]
        screens += np.bincount(part, minlength=len(PARTS))
        both += np.bincount(part[(likes > 0) & (likes < sizes)], minlength=len(PARTS))
    counted = {"all": (screens.sum(), both.sum()), **dict(zip(PARTS, zip(screens, both, strict=True), strict=True))}
    return {
        name: {"screens": int(count), "screens_with_both_labels": share(of_both, count)}
        for name, (count, of_both) in counted.items()
    }


def _whole_screens(starts: NDArray[np.bool_]) -> Iterator[slice]:
    """Slices of about `CHUNK` rows that begin where a screen does."""
    first = 0
    while first < len(starts):
        rest = starts[first + CHUNK :]
        last = first + CHUNK + int(rest.argmax()) if rest.any() else len(starts)
        yield slice(first, last)
        first = last


def _test(users: Counts, items: Counts) -> dict[str, Any]:
    rows = users.rows[TEST]
    tested, total = rows[rows > 0], int(rows.sum())
    found: dict[str, Any] = {
        "users": len(tested),
        "user_share": share(len(tested), users.rows.any(axis=0).sum()),
        "rows_a_user": spread_of(np.bincount(tested)),
    }
    for name, counts in (("cold_users", users), ("unseen_items", items)):
        new = (counts.rows[TRAIN] == 0) & (counts.rows[TEST] > 0)
        of_new = int(counts.rows[TEST][new].sum())
        found[name] = {"count": int(new.sum()), "rows": of_new, "share": share(of_new, total)}
    return found


def _over_time(events: Events) -> dict[str, Any]:
    """Rows by part in equally long stretches of time."""
    low, high = float(events.time.min()), float(events.time.max())
    edges = np.linspace(low, high if high > low else low + 1, MOMENTS + 1)
    counts: NDArray[np.int64] = np.zeros((len(PARTS), MOMENTS), dtype=np.int64)
    for at in slices(len(events)):
        for part in range(len(PARTS)):
            counts[part] += np.histogram(events.time[at][events.part[at] == part], edges)[0]
    return {"edges": edges.tolist(), **{name: counts[part].tolist() for part, name in enumerate(PARTS)}}


def _items(items: Counts) -> dict[str, float | None]:
    """AUC on test rows of what training rows say of the item alone: how many they are, and how often it is liked."""
    test = items.likes[TEST], items.others[TEST]
    return {"rows": counted_auc(items.rows[TRAIN], *test), "liked_share": counted_auc(liked_share(items), *test)}
