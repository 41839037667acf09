"""The quality of a rival, with intervals from resampling users."""

from __future__ import annotations

import numpy as np

from cloud.data.log import TRAIN, Events
from cloud.data.moments import screens
from cloud.rivals.draws import (
    Figure,
    Floats,
    Mean,
    Ordered,
    Places,
    Rows,
    draws_of_users,
    interval,
    log_loss_mean,
    ndcg_mean,
    user_auc_mean,
)
from edge.metrics import auc, log_loss, ndcg, user_auc

FEWEST_ROWS = 50  # of a group, below which its figures are left out


def groups(events: Events, rows: Rows) -> dict[str, Rows]:
    """Groups of rows of a part: all, those of cold users, those of unseen items."""
    train = events.part == TRAIN
    new_user = ~np.isin(events.user, np.unique(events.user[train]))
    new_item = ~np.isin(events.item, np.unique(events.item[train]))
    return {"all": rows, "cold users": rows & new_user, "unseen items": rows & new_item}


def measured_groups(events: Events, rows: Rows) -> dict[str, Rows]:
    """All rows, however few, and of the other groups those that are large enough for figures."""
    return {name: at for name, at in groups(events, rows).items() if name == "all" or at.sum() >= FEWEST_ROWS}


def figures(logits: Floats, events: Events, rows: Rows, seed: int = 0) -> dict[str, Figure]:
    """Metric -> figure over `rows`; `logits` are parallel to the events.

    Means over users or their screens are computed once for each user, so that a draw only reweights them.
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
    drawn = {"auc": Ordered(scores, liked, place).auc}
    means = user_means(scores, liked, place, screens(events.user, events.time)[rows])
    drawn |= {name: mean.of for name, mean in means.items()}
    values = [[metric(counts) for metric in drawn.values()] for counts in draws_of_users(len(users), seed)]
    columns = dict(zip(drawn, np.array(values).T, strict=True))
    return {name: Figure(whole[name], *interval(columns[name])) for name in whole}


def user_means(scores: Floats, liked: Rows, place: Places, screen: Places) -> dict[str, Mean]:
    """The metrics that are means over users or their screens."""
    return {
        "user_auc": user_auc_mean(scores, liked, place, place),
        "screen_auc": user_auc_mean(scores, liked, place, screen),
        "ndcg@10": ndcg_mean(scores, liked, place),
        "log_loss": log_loss_mean(scores, liked, place),
    }
