"""How good a rival ranks, with intervals: users are drawn again and again, as it is they who differ."""

from __future__ import annotations

from collections.abc import Iterator
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
    """Metric -> figure over `rows`; `logits` are parallel to the events."""
    scores, liked, user = logits[rows], events.liked[rows], events.user[rows]
    screen = screens(events.user, events.time)[rows]

    def measured(at: Places, drawn: Places) -> dict[str, float]:
        """Of the rows at these places; `drawn` tells one copy of a user from another."""
        shown = drawn * (len(events) + 1) + screen[at]
        return {
            "auc": auc(scores[at], liked[at]),
            "user_auc": user_auc(scores[at], liked[at], drawn),
            "screen_auc": user_auc(scores[at], liked[at], shown),
            "ndcg@10": ndcg(scores[at], liked[at], drawn),
            "log_loss": log_loss(scores[at], liked[at]),
        }

    whole = measured(np.arange(len(user)), user.astype(np.int64))
    draws = [measured(at, drawn) for at, drawn in _draws(user, seed)]
    return {name: Figure(value, *_interval([draw[name] for draw in draws])) for name, value in whole.items()}


def _interval(values: list[float]) -> tuple[float, float]:
    if not np.isfinite(values).any():
        return float("nan"), float("nan")
    low, high = np.nanquantile(values, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def _draws(user: NDArray[np.int32], seed: int) -> Iterator[tuple[Places, Places]]:
    """As many users as there are, drawn with replacement: their rows, and for each row which draw it is of."""
    if not len(user):
        return
    random, order = np.random.default_rng(seed), np.argsort(user, kind="stable")
    pieces = np.split(order, np.flatnonzero(np.diff(user[order])) + 1)
    lengths = np.array([len(piece) for piece in pieces])
    for _ in range(DRAWS):
        drawn = random.integers(0, len(pieces), len(pieces))
        yield np.concatenate([pieces[place] for place in drawn]), np.repeat(np.arange(len(drawn)), lengths[drawn])
