"""Checks across rows: events out of order, duplicate events."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloud.data.bad_rows import BadRows
from cloud.data.schema import LogTable

Column = NDArray[Any]


def in_order(log: LogTable, line: Column, user: Column, time: Column, bad: BadRows) -> NDArray[np.bool_]:
    """(row,) False for an event earlier than one that its user has above it in the file."""
    keep = np.ones(len(line), dtype=bool)
    by_user = np.argsort(user, kind="stable")
    if not _falls(user[by_user], time[by_user]):
        return keep
    moments, rank = np.unique(time, return_inverse=True)
    key = user[by_user].astype(np.int64) * (len(moments) + 1) + rank[by_user]  # grows with user, then time
    late = np.sort(by_user[key < np.maximum.accumulate(key)])
    for row in late:
        evidence = f"{time[row]:.15g} is earlier than an event of the same user above it"
        bad.add(log.path, int(line[row]), log.time, "unsorted", evidence)
    keep[late] = False
    return keep


def _falls(user: Column, time: Column) -> bool:
    """True if the time of a row is below that of the row before, of the same user."""
    falls = time[1:] < time[:-1]
    falls &= user[1:] == user[:-1]
    return bool(falls.any())


def first_of_each(
    log: LogTable, line: Column, user: Column, item: Column, time: Column, bad: BadRows
) -> NDArray[np.bool_]:
    """(row,) False for an event of the same user, item and time as one above it in the file."""
    order = np.lexsort((line, time, item, user))
    same = np.ones(len(order) - 1, dtype=bool)
    for column in (user, item, time):
        ordered = column[order]
        same &= ordered[1:] == ordered[:-1]
    repeated = np.sort(order[1:][same])
    for row in repeated:
        evidence = "same user, item and time as a row above it"
        bad.add(log.path, int(line[row]), log.item, "duplicate", evidence)
    keep = np.ones(len(order), dtype=bool)
    keep[repeated] = False
    return keep
