"""Rows of a log counted by part and by user, item or history length, some rows at a time; figures of such counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloud.data.log import PARTS, Events

Integers = NDArray[np.int64]
CHUNK = 1 << 20  # rows that are looked at together: what a log needs for its figures does not grow with it
DIGITS = 6  # significant ones of a figure


def slices(rows: int) -> Iterator[slice]:
    """Slices that cover so many rows, each of at most CHUNK rows, to bound the memory."""
    return (slice(first, min(first + CHUNK, rows)) for first in range(0, rows, CHUNK))


@dataclass(frozen=True)
class Counts:
    """(part, key): how many rows, and how many liked ones."""

    rows: Integers
    likes: Integers

    @property
    def others(self) -> Integers:
        """Rows that are not liked."""
        return self.rows - self.likes


def count_by(key: NDArray[np.integer], events: Events, size: int) -> Counts:
    """`key` (row,) is from 0 up to `size`."""
    rows, likes = (np.zeros(len(PARTS) * size, dtype=np.int64) for _ in range(2))
    for at in slices(len(events)):
        place = events.part[at].astype(np.int64) * size + key[at]
        rows += np.bincount(place, minlength=len(rows))
        likes += np.bincount(place[events.liked[at]], minlength=len(likes))
    return Counts(rows.reshape(len(PARTS), size), likes.reshape(len(PARTS), size))


def counted_auc(scores: NDArray[Any], likes: NDArray[Any], others: NDArray[Any]) -> float | None:
    """The AUC of rows that are counted by their score; None if the labels are all the same. Ties count half."""
    values, place = np.unique(scores, return_inverse=True)
    liked, other = (np.bincount(place, weights, len(values)) for weights in (likes, others))
    pairs = float(liked.sum()) * float(other.sum())
    below = np.cumsum(other) - other / 2
    return rounded(float(liked @ below) / pairs) if pairs else None


def spread_of(counts: NDArray[np.integer]) -> dict[str, float]:
    """Of values from 0 on, each met `counts[value]` times."""
    total = max(1, int(counts.sum()))
    up_to = np.cumsum(counts)
    quantiles = {"median": 0.5, "p5": 0.05, "p95": 0.95}
    found = {name: int(np.searchsorted(up_to, share * total)) for name, share in quantiles.items()}
    mean = float(np.arange(len(counts)) @ counts) / total
    largest = int(np.flatnonzero(counts)[-1]) if counts.any() else 0
    return {"mean": rounded(mean), **found, "max": largest}


def share(count: float, total: float) -> float:
    """0 of nothing."""
    return rounded(float(count) / float(total)) if total else 0.0


def rounded(value: float) -> float:
    """The value to DIGITS significant digits."""
    return float(f"{value:.{DIGITS}g}")
