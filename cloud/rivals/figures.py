"""How good a rival ranks, with intervals: users are drawn again and again, as it is they who differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cloud.data.log import TRAIN, Events
from cloud.data.moments import screens
from edge.metrics import auc, log_loss, ndcg, user_auc

Floats = NDArray[np.float64]
Rows = NDArray[np.bool_]
Places = NDArray[np.int64]
DRAWS, CONFIDENCE = 200, 0.95


@dataclass(frozen=True)
class Figure:
    """A metric and the interval in which it lies for 95 of 100 draws of users; NaN where it is not defined."""

    value: float
    low: float
    high: float


def groups(events: Events, rows: Rows) -> dict[str, Rows]:
    """The rows of a part that are told apart: all, those of users and of items that training never met."""
    train = events.part == TRAIN
    new_user = ~np.isin(events.user, np.unique(events.user[train]))
    new_item = ~np.isin(events.item, np.unique(events.item[train]))
    return {"all": rows, "cold users": rows & new_user, "unseen items": rows & new_item}


def figures(logits: Floats, events: Events, rows: Rows, seed: int = 0) -> dict[str, Figure]:
    """Metric -> figure over `rows`; `logits` are parallel to the events.

    What is a mean over users or their screens is computed once for each user, so that a draw only weighs it anew.
    """
    scores, liked, user = logits[rows], events.liked[rows], events.user[rows]
    whole = {
        "auc": auc(scores, liked),
        "user_auc": user_auc(scores, liked, user),
        "screen_auc": user_auc(scores, liked, screens(events.user, events.time)[rows]),
        "ndcg@10": ndcg(scores, liked, user),
        "log_loss": log_loss(scores, liked),
    }
    if not len(user):
        return {name: Figure(value, float("nan"), float("nan")) for name, value in whole.items()}
    users, place = np.unique(user, return_inverse=True)
    drawn = np.random.default_rng(seed).multinomial(len(users), np.full(len(users), 1 / len(users)), size=DRAWS)
    ordered = _Ordered(scores, liked, place)
    totals = _user_totals(scores, liked, place, screens(events.user, events.time)[rows])
    values = {"auc": np.array([ordered.auc(counts) for counts in drawn])}
    with np.errstate(invalid="ignore", divide="ignore"):
        values |= {name: (drawn @ total) / (drawn @ weight) for name, (total, weight) in totals.items()}
    return {name: Figure(whole[name], *_interval(values[name])) for name in whole}


class _Ordered:
    """Rows by score, so that the AUC of rows that count several times is a sum."""

    def __init__(self, scores: Floats, liked: Rows, place: Places) -> None:
        order = np.argsort(scores, kind="stable")
        self._liked, self._place = liked[order], place[order]
        starts = np.concatenate([[True], scores[order][1:] != scores[order][:-1]])
        self._ties = np.flatnonzero(starts)

    def auc(self, counts: Places) -> float:
        """With each row as often as its user was drawn; ties count half."""
        weights = counts[self._place]
        likes = np.add.reduceat(weights * self._liked, self._ties)
        others = np.add.reduceat(weights * ~self._liked, self._ties)
        pairs = float(likes.sum()) * float(others.sum())
        below = np.cumsum(others) - others / 2
        return float(likes @ below) / pairs if pairs else float("nan")


def _user_totals(scores: Floats, liked: Rows, place: Places, screen: Places) -> dict[str, tuple[Floats, Floats]]:
    """Metric -> (user,) the sum of what is averaged, and its weight."""
    users, names = int(place.max()) + 1, ("user_auc", "screen_auc", "ndcg@10")
    totals = {name: (np.zeros(users), np.zeros(users)) for name in names}
    for metric, pieces in (("user_auc", _pieces(place)), ("screen_auc", _pieces(screen))):
        for at in pieces:
            value = auc(scores[at], liked[at])
            if not np.isnan(value):
                totals[metric][0][place[at[0]]] += value * len(at)
                totals[metric][1][place[at[0]]] += len(at)
    for at in _pieces(place):
        value = ndcg(scores[at], liked[at], np.zeros(len(at)))
        if not np.isnan(value):
            totals["ndcg@10"][0][place[at[0]]], totals["ndcg@10"][1][place[at[0]]] = value, 1.0
    losses = np.logaddexp(0, scores) - scores * liked
    totals["log_loss"] = np.bincount(place, losses).astype(np.float64), np.bincount(place).astype(np.float64)
    return totals


def _pieces(key: Places) -> list[Places]:
    """The rows of each key."""
    order = np.argsort(key, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(key[order])) + 1)


def _interval(values: Floats) -> tuple[float, float]:
    if not np.isfinite(values).any():
        return float("nan"), float("nan")
    low, high = np.nanquantile(values, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)
