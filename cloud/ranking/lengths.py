"""Which windows of a batch are padded together: those of like length, as far as a further table pays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ROUND = 16  # sizes are multiples of it: each new size costs every bf16 product on a processor a millisecond
TOGETHER = 8  # windows of a table come in multiples of it: tables of all sizes would be slower than one table
FURTHER = 1_500.0  # what a further table costs, in entries that go through a layer
SQUARE = 300.0  # pairs of entries that cost as much as one entry going through a layer


def rounded(size: int) -> int:
    """Up to a multiple of `ROUND`, one at least."""
    return max(-(-size // ROUND), 1) * ROUND


def of_like_length(lengths: NDArray[np.int64]) -> list[list[int]]:
    """The windows, by number, of each table; `lengths` (window, 2) are their events and targets.

    Ordered by their events, they are cut in two where that saves most, and again, while it saves what a table costs.
    """
    order = np.lexsort((lengths[:, 1], lengths[:, 0]))
    padded = np.maximum(-(-lengths[order] // ROUND), 1) * ROUND
    return [order[table].tolist() for table in _cut(0, padded)]


def _cut(first: int, padded: NDArray[np.int64]) -> list[slice]:
    """Tables of windows from number `first` on; `padded` (window, 2) are their lengths, rounded up."""
    count = len(padded)
    ends = np.arange(TOGETHER, count, TOGETHER)
    upto, behind = _costs(padded), _costs(padded[::-1])[::-1]
    both = upto[ends - 1] + behind[ends]
    if not len(ends) or both.min() + FURTHER >= upto[-1]:
        return [slice(first, first + count)]
    end = int(ends[both.argmin()])
    return _cut(first, padded[:end]) + _cut(first + end, padded[end:])


def _costs(padded: NDArray[np.int64]) -> NDArray[np.float64]:
    """(window,) of a table of all windows up to each, in entries that go through a layer."""
    events, targets = np.maximum.accumulate(padded, 0).T
    timeline = 1 + events  # with the profile
    each = (timeline + targets) * (1 + timeline / SQUARE)
    costs: NDArray[np.float64] = np.arange(1, len(padded) + 1) * each
    return costs
