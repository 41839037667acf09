"""What was known at a moment: only strictly earlier rows; rows of one user and one time see nothing of each other.

Events must be ordered by user, then time, as those of a `Log` are.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloud.data.counts import slices
from edge.text.arithmetic import UNIT, to_units

Rows = NDArray[np.int64]


def screens(user: NDArray[np.int32], time: NDArray[np.float64]) -> Rows:
    """(row,) the place of the first row of each one's screen: of the same user, at the same time.

    The user's rows before that place are what a row may look back on.
    """
    return _first_of_run(user, time)


def user_starts(user: NDArray[np.int32]) -> Rows:
    """(row,) the place of the first row of each one's user."""
    return _first_of_run(user)


def user_rows(user: NDArray[np.integer[Any]]) -> list[tuple[int, int]]:
    """(start, end) of each user's rows."""
    return list(pairwise([0, *(np.flatnonzero(np.diff(user)) + 1).tolist(), len(user)]))


class Earlier:
    """For each row, all rows of the same key whose time is strictly earlier. The rows may stand in any order.

    O(rows log rows) once, then O(rows).
    """

    def __init__(self, key: NDArray[np.int32], time: NDArray[np.float64]) -> None:
        self._order = narrow(np.lexsort((time, key)))  # in which those of a row are neighbours
        ordered = key[self._order]
        self._first = narrow(_first_of_run(ordered))
        self._end = narrow(_first_of_run(ordered, time[self._order]))

    def count(self) -> NDArray[np.int32]:
        """(row,) how many there are."""
        counts = np.empty(len(self._order), dtype=np.int32)
        counts[self._order] = self._end - self._first
        return counts

    def total(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """(row,) the sum of their `values`."""
        running, totals = running_units(values, self._order), np.empty(len(values))
        for at in slices(len(values)):
            totals[self._order[at]] = (running[self._end[at]] - running[self._first[at]]) / UNIT
        return totals


def narrow(places: Rows) -> NDArray[np.integer]:
    """Places in half the memory, where they fit."""
    return places.astype(np.int32) if len(places) <= np.iinfo(np.int32).max else places


def running_units(values: NDArray[Any], order: NDArray[np.integer] | None = None) -> Rows:
    """(n + 1,) the sum of the values before each place, and of all, in units and, if given, in that order."""
    total = np.zeros(len(values) + 1, dtype=np.int64)
    for at in slices(len(values)):
        total[at.start + 1 : at.stop + 1] = to_units(values[at if order is None else order[at]])
    return np.cumsum(total, out=total)


def of_requests(user: NDArray[np.int32], request: NDArray[np.int32], time: NDArray[np.float64]) -> NDArray[np.float64]:
    """(row,) the earliest time of the rows of the same user and request: then they are one screen."""
    order = np.lexsort((time, request, user))
    first = _first_of_run(user[order], request[order])
    moments = np.empty_like(time)
    moments[order] = time[order][first]
    return moments


def _first_of_run(*columns: NDArray[np.generic]) -> Rows:
    """(row,) the place at which the run of rows that are equal in every column begins."""
    starts = run_starts(*columns)
    places = np.arange(len(starts))
    places *= starts
    np.maximum.accumulate(places, out=places)
    return places


def run_starts(*columns: NDArray[np.generic]) -> NDArray[np.bool_]:
    """(row,) True where the row before differs in any column: of a user and a time, where a screen begins."""
    starts = np.ones(len(columns[0]), dtype=bool)
    if len(starts):
        starts[1:] = False
        for column in columns:
            starts[1:] |= column[1:] != column[:-1]
    return starts
