"""How good a ranking is. Arrays are parallel (row,); scores may tie, and ties count as a coin's toss."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edge.errors import EdgeError

# what each figure of `summarise` can be; of a log loss, infinity is not a figure
RANGES = {"auc": (0.0, 1.0), "user_auc": (0.0, 1.0), "ndcg@10": (0.0, 1.0), "log_loss": (0.0, math.inf)}
Floats = NDArray[np.float64]


def auc(scores: ArrayLike, labels: ArrayLike) -> float:
    """Chance that a liked row scores above a not liked one; NaN if the labels are all the same."""
    values, liked = _checked(scores, labels)
    return _auc(values, liked)


def _auc(values: Floats, liked: NDArray[np.bool_]) -> float:
    positives = int(liked.sum())
    negatives = len(liked) - positives
    if not positives or not negatives:
        return float("nan")
    above = float(_average_ranks(values)[liked].sum()) - positives * (positives + 1) / 2
    return above / (positives * negatives)


def _average_ranks(values: Floats) -> Floats:
    """Ranks from 1, ascending; tied values share their mean rank."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last: Floats = np.cumsum(counts) - (counts - 1) / 2
    return last[place]


def user_auc(scores: ArrayLike, labels: ArrayLike, users: ArrayLike) -> float:
    """Mean AUC within a user, weighted by rows, over users with both labels; NaN if there is none."""
    parts = [(_auc(values, liked), len(liked)) for values, liked in _by_user(scores, labels, users)]
    rows = sum(count for _, count in parts)
    return sum(value * count for value, count in parts) / rows if parts else float("nan")


def ndcg(scores: ArrayLike, labels: ArrayLike, users: ArrayLike, k: int = 10) -> float:
    """Mean NDCG@k over users with both labels, gain 1 for a like; NaN if there is none."""
    parts = [_ndcg(values, liked, k) for values, liked in _by_user(scores, labels, users)]
    return float(np.mean(parts)) if parts else float("nan")


def _ndcg(values: Floats, liked: NDArray[np.bool_], k: int) -> float:
    """Tied rows each gain the mean of their likes: the expectation over the orders they could stand in."""
    order = np.argsort(-values, kind="stable")
    _, place, counts = np.unique(-values[order], return_inverse=True, return_counts=True)
    gains = (np.bincount(place, weights=liked[order]) / counts)[place]
    discounts = 1 / np.log2(np.arange(2, len(values) + 2))
    discounts[k:] = 0
    return float(gains @ discounts / (np.sort(liked)[::-1] @ discounts))


def log_loss(logits: ArrayLike, labels: ArrayLike) -> float:
    """Mean binary cross-entropy in nats of logits (not probabilities); 0 / 0 rows give NaN."""
    values, liked = _checked(logits, labels)
    return float(np.mean(np.logaddexp(0, values) - values * liked)) if len(values) else float("nan")


def top_overlap(first: ArrayLike, second: ArrayLike, k: int = 10) -> float:
    """Share of the k best candidates by `first` that are among the k best by `second`; ties by position."""
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != other.shape or one.ndim != 1 or not len(one):
        raise EdgeError(f"cannot compare the top of scores shaped {one.shape} and {other.shape}")
    best = [set(np.argsort(-scores, kind="stable")[:k].tolist()) for scores in (one, other)]
    return len(best[0] & best[1]) / len(best[0])


def summarise(logits: ArrayLike, labels: ArrayLike, users: ArrayLike) -> dict[str, float]:
    """The four figures of every report: auc, user_auc, ndcg@10, log_loss."""
    return {
        "auc": auc(logits, labels),
        "user_auc": user_auc(logits, labels, users),
        "ndcg@10": ndcg(logits, labels, users),
        "log_loss": log_loss(logits, labels),
    }


def _by_user(scores: ArrayLike, labels: ArrayLike, users: ArrayLike) -> Iterator[tuple[Floats, NDArray[np.bool_]]]:
    """(scores, labels) of each user who has both labels."""
    values, liked = _checked(scores, labels)
    names: NDArray[Any] = np.asarray(users)
    if names.shape != values.shape:
        raise EdgeError(f"{len(values)} scores but users shaped {names.shape}")
    _, place = np.unique(names, return_inverse=True)
    order = np.argsort(place, kind="stable")
    for rows in np.split(order, np.cumsum(np.bincount(place))[:-1] if len(order) else []):
        if 0 < liked[rows].sum() < len(rows):
            yield values[rows], liked[rows]


def _checked(scores: ArrayLike, labels: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    """Errors: lengths differ, a score is NaN, a label is neither 0 nor 1."""
    values, marks = np.asarray(scores, dtype=np.float64), np.asarray(labels)
    if values.ndim != 1 or values.shape != marks.shape:
        raise EdgeError(f"scores are shaped {values.shape}, labels {marks.shape}", fix="pass one of each per row")
    if np.isnan(values).any():
        raise EdgeError(f"{int(np.isnan(values).sum())} of {len(values)} scores are NaN")
    if not np.isin(marks, (0, 1)).all():
        raise EdgeError("labels must be 0 or 1")
    return values, marks.astype(bool)
