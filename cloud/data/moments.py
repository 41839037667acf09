"""What was known at a moment: strictly earlier rows alone; rows of the same user and time see nothing of each other.

Events must be ordered by user, then time, as those of a `Log` are.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from edge.text.arithmetic import running

Rows = NDArray[np.int64]


def screens(user: NDArray[np.int32], time: NDArray[np.float64]) -> Rows:
    """(row,) the place of the first row of each one's screen: of the same user, at the same time.

    The user's rows before that place are what a row may look back on.
    """
    return _first_of_run(user, time)


def user_starts(user: NDArray[np.int32]) -> Rows:
    """(row,) the place of the first row of each one's user."""
    return _first_of_run(user)


def user_rows(user: NDArray[np.int32]) -> list[tuple[int, int]]:
    """(start, end) of each user's rows."""
    return list(pairwise([0, *(np.flatnonzero(np.diff(user)) + 1).tolist(), len(user)]))


def earlier_sums(key: NDArray[np.int32], time: NDArray[np.float64], *values: Rows) -> tuple[Rows, ...]:
    """For each row the sums of `values`, each (row,), over all rows of the same key whose time is strictly earlier.

    O(rows log rows); the rows may stand in any order.
    """
    order = np.lexsort((time, key))
    moment = _first_of_run(key[order], time[order])
    first = _first_of_run(key[order])
    found = []
    for value in values:
        total = running(value[order])
        sums = np.empty(len(order), dtype=np.int64)
        sums[order] = total[moment] - total[first]
        found.append(sums)
    return tuple(found)


def of_requests(user: NDArray[np.int32], request: Rows, time: NDArray[np.float64]) -> NDArray[np.float64]:
    """(row,) the earliest time of the rows of the same user and request: then they are one screen."""
    order = np.lexsort((time, request, user))
    first = _first_of_run(user[order], request[order])
    moments = np.empty_like(time)
    moments[order] = time[order][first]
    return moments


def _first_of_run(*columns: NDArray[np.generic]) -> Rows:
    """(row,) the place at which the run of rows that are equal in every column begins."""
    starts = run_starts(*columns)
    return np.flatnonzero(starts)[np.cumsum(starts) - 1]


def run_starts(*columns: NDArray[np.generic]) -> NDArray[np.bool_]:
    """(row,) True where the row before differs in any column: of a user and a time, where a screen begins."""
    starts = np.ones(len(columns[0]), dtype=bool)
    if len(starts):
        starts[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    return starts
