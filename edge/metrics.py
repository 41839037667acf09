"""Measures of a ranking. Arrays are parallel (row,); scores may tie, and ties count half."""

from __future__ import annotations

import math
from dataclasses import dataclass
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
    aucs, counts = user_aucs(scores, labels, users)
    both = ~np.isnan(aucs)
    return float(aucs[both] @ counts[both] / counts[both].sum()) if both.any() else float("nan")


def user_aucs(scores: ArrayLike, labels: ArrayLike, users: ArrayLike) -> tuple[Floats, NDArray[np.int64]]:
    """(user,) the AUC within each, by rising name, NaN where the labels are all the same; and how many rows."""
    rows = _by_user(scores, labels, users)
    above = rows.per_user(rows.average_ranks() * rows.liked) - rows.likes * (rows.likes + 1) / 2
    both, aucs = rows.both, np.full(len(rows.counts), np.nan)
    aucs[both] = above[both] / (rows.likes * (rows.counts - rows.likes))[both]
    return aucs, rows.counts


def ndcg(scores: ArrayLike, labels: ArrayLike, users: ArrayLike, k: int = 10) -> float:
    """Mean NDCG@k over users with both labels, gain 1 for a like; NaN if there is none.

    Tied rows each gain the mean of their likes: the expectation over the orders they could stand in.
    """
    found = user_ndcgs(scores, labels, users, k)
    both = ~np.isnan(found)
    return float(np.mean(found[both])) if both.any() else float("nan")


def user_ndcgs(scores: ArrayLike, labels: ArrayLike, users: ArrayLike, k: int = 10) -> Floats:
    """(user,) the NDCG@k of each, by rising name, NaN where the labels are all the same."""
    rows = _by_user(scores, labels, users)
    discounts = np.append(1 / np.log2(np.arange(2, k + 2)), 0.0)  # (place from the top,), the last for all below k
    from_top = rows.counts[rows.user] - 1 - rows.place
    gained = rows.per_user(rows.tied_mean(rows.liked, discounts[np.minimum(from_top, k)]))
    best = np.concatenate([[0.0], np.cumsum(discounts[:-1])])[np.minimum(rows.likes.astype(np.int64), k)]
    both, found = rows.both, np.full(len(rows.counts), np.nan)
    found[both] = gained[both] / best[both]
    return found


@dataclass(frozen=True)
class _Rows:
    """Rows ordered by user, then score, ascending: `user` from 0, `place` within the user, runs of equal scores."""

    user: NDArray[np.int64]
    place: NDArray[np.int64]
    liked: NDArray[np.bool_]
    run: NDArray[np.int64]  # which run of one user's equal scores
    counts: NDArray[np.int64]  # (user,) rows
    likes: Floats  # (user,)

    @property
    def both(self) -> NDArray[np.bool_]:
        """(user,) who has rows of both labels."""
        both: NDArray[np.bool_] = (self.likes > 0) & (self.likes < self.counts)
        return both

    def per_user(self, values: NDArray[Any]) -> Floats:
        sums: Floats = np.bincount(self.user, values, len(self.counts)).astype(np.float64)
        return sums

    def average_ranks(self) -> Floats:
        """Within the user, from 1; tied rows share their mean rank."""
        sizes = np.bincount(self.run)
        ranks: Floats = (np.bincount(self.run, self.place + 1.0) / sizes)[self.run]
        return ranks

    def tied_mean(self, values: NDArray[Any], weights: Floats) -> Floats:
        """The weights times the mean of the values over each run."""
        mean: Floats = weights * (np.bincount(self.run, values) / np.bincount(self.run))[self.run]
        return mean


def _by_user(scores: ArrayLike, labels: ArrayLike, users: ArrayLike) -> _Rows:
    values, liked = _checked(scores, labels)
    names: NDArray[Any] = np.asarray(users)
    if names.shape != values.shape:
        raise EdgeError(f"{len(values)} scores but users shaped {names.shape}", fix="pass one of each per row")
    _, user = np.unique(names, return_inverse=True)
    order = np.lexsort((values, user))
    user, values, liked = user[order], values[order], liked[order]
    counts = np.bincount(user)
    starts = np.cumsum(counts) - counts
    new = np.ones(len(user), dtype=bool)
    new[1:] = (user[1:] != user[:-1]) | (values[1:] != values[:-1])
    place = np.arange(len(user)) - starts[user]
    return _Rows(user, place, liked, np.cumsum(new) - 1, counts, np.bincount(user, liked).astype(np.float64))


def log_loss(logits: ArrayLike, labels: ArrayLike) -> float:
    """Mean binary cross-entropy in nats of logits (not probabilities); 0 / 0 rows give NaN."""
    values, liked = _checked(logits, labels)
    return float(np.mean(np.logaddexp(0, values) - values * liked)) if len(values) else float("nan")


def top_overlap(first: ArrayLike, second: ArrayLike, k: int = 10) -> float:
    """Share of the k best candidates by `first` that are among the k best by `second`; ties by position."""
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != other.shape or one.ndim != 1 or not len(one):
        raise EdgeError(
            f"cannot compare the top of scores shaped {one.shape} and {other.shape}",
            fix="pass two sets of scores of the same candidates",
        )
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


def _checked(scores: ArrayLike, labels: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    """Errors: lengths differ, a score is NaN, a label is neither 0 nor 1."""
    values, marks = np.asarray(scores, dtype=np.float64), np.asarray(labels)
    if values.ndim != 1 or values.shape != marks.shape:
        raise EdgeError(f"scores are shaped {values.shape}, labels {marks.shape}", fix="pass one of each per row")
    if np.isnan(values).any():
        raise EdgeError(
            f"{int(np.isnan(values).sum())} of {len(values)} scores are NaN", fix="leave out rows without a score"
        )
    if not np.isin(marks, (0, 1)).all():
        raise EdgeError("labels must be 0 or 1", fix="pass 1 for liked, 0 for not liked")
    return values, marks.astype(bool)
