"""Draws of users, with replacement: how much a figure would vary with other users of the same kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.metrics import user_aucs, user_ndcgs

Floats = NDArray[np.float64]
Rows = NDArray[np.bool_]
Places = NDArray[np.int64]
DRAWS, CONFIDENCE = 200, 0.95


@dataclass(frozen=True)
class Figure:
    """A metric and its 95 % interval over draws of users; NaN where it is not defined."""

    value: float
    low: float
    high: float


def draws_of_users(users: int, seed: int, draws: int = DRAWS) -> Iterator[Places]:
    """(user,) how often each is in a draw of so many."""
    random, share = np.random.default_rng(seed), np.full(users, 1 / users)
    return (random.multinomial(users, share) for _ in range(draws))


def interval(values: Floats) -> tuple[float, float]:
    """The ends of the middle 95 % of a metric's draws, (draw,); those where it is not defined do not count."""
    if not np.isfinite(values).any():
        return float("nan"), float("nan")
    low, high = np.nanquantile(values, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


class Ordered:
    """Rows by score, so that the AUC of rows that count several times is a sum. `user` (row,) is a place in a draw."""

    def __init__(self, scores: Floats, liked: Rows, user: Places) -> None:
        order = np.argsort(scores, kind="stable")
        self._liked, self._user = liked[order], user[order]
        starts = np.concatenate([[True], scores[order][1:] != scores[order][:-1]])
        self._ties = np.flatnonzero(starts)

    def auc(self, counts: Places) -> float:
        """With each row as often as its user was drawn; ties count half."""
        weights = counts[self._user]
        likes = np.add.reduceat(weights * self._liked, self._ties)
        others = np.add.reduceat(weights * ~self._liked, self._ties)
        pairs = float(likes.sum()) * float(others.sum())
        below = np.cumsum(others) - others / 2
        return float(likes @ below) / pairs if pairs else float("nan")


@dataclass(frozen=True)
class Mean:
    """A metric that is a mean over users or their rows: (user,) the sum of what is averaged, and its weight."""

    total: Floats
    weight: Floats

    def of(self, counts: Places) -> float:
        """With each user as often as it was drawn."""
        weight = float((counts * self.weight).sum())
        return float((counts * self.total).sum()) / weight if weight else float("nan")


def user_auc_mean(scores: Floats, liked: Rows, user: Places, group: Places) -> Mean:
    """AUC within each group of rows, all of one user, weighted by rows."""
    aucs, counts = user_aucs(scores, liked, group)
    owner = user[np.unique(group, return_index=True)[1]]
    known = ~np.isnan(aucs)
    columns = np.where(known, aucs * counts, 0.0), np.where(known, counts, 0.0)
    total, weight = (np.bincount(owner, column, int(user.max()) + 1).astype(np.float64) for column in columns)
    return Mean(total, weight)


def ndcg_mean(scores: Floats, liked: Rows, user: Places) -> Mean:
    """NDCG@10 of each user."""
    found = user_ndcgs(scores, liked, user)
    return Mean(np.nan_to_num(found), (~np.isnan(found)).astype(np.float64))


def log_loss_mean(logits: Floats, liked: Rows, user: Places) -> Mean:
    """Cross-entropy of each row."""
    losses = np.logaddexp(0, logits) - logits * liked
    return Mean(np.bincount(user, losses).astype(np.float64), np.bincount(user).astype(np.float64))
