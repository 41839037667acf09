"""How much better one set of scores ranks than another, on the same rows and the same draws of users."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloud.rivals.draws import (
    DRAWS,
    Figure,
    Floats,
    Ordered,
    Places,
    Rows,
    draws_of_users,
    interval,
    log_loss_mean,
    ndcg_mean,
    user_auc_mean,
)
from edge.errors import EdgeError, known_names

Drawn = Callable[[Places], float]  # (user,) how often each was drawn -> the metric
METRICS: dict[str, Callable[[Floats, Rows, Places], Drawn]] = {
    "auc": lambda scores, liked, user: Ordered(scores, liked, user).auc,
    "user_auc": lambda scores, liked, user: user_auc_mean(scores, liked, user, user).of,
    "ndcg@10": lambda scores, liked, user: ndcg_mean(scores, liked, user).of,
    "log_loss": lambda scores, liked, user: log_loss_mean(scores, liked, user).of,
}


def difference(
    ours: NDArray[Any],
    theirs: NDArray[Any],
    labels: NDArray[Any],
    users: NDArray[Any],
    metric: str = "auc",
    seed: int = 0,
    draws: int = DRAWS,
) -> Figure:
    """The metric of `ours` less that of `theirs`, with its interval; columns are parallel, (row,).

    Both use the same draws of users, so that what they have in common cancels out. A lower log loss is the better one.
    Errors: an unknown metric, columns of other lengths, a score that is not finite, a label other than 0 and 1.
    """
    if metric not in METRICS:
        raise EdgeError(f"there is no metric {metric!r}", fix=known_names(metric, METRICS))
    _check(ours, theirs, labels, users)
    if not len(users):
        return Figure(float("nan"), float("nan"), float("nan"))
    names, user = np.unique(users, return_inverse=True)
    liked = labels.astype(bool)
    one, other = (METRICS[metric](scores.astype(np.float64), liked, user) for scores in (ours, theirs))
    once = np.ones(len(names), dtype=np.int64)
    values = np.array([one(counts) - other(counts) for counts in draws_of_users(len(names), seed, draws)])
    return Figure(one(once) - other(once), *interval(values))


def _check(ours: NDArray[Any], theirs: NDArray[Any], labels: NDArray[Any], users: NDArray[Any]) -> None:
    lengths = [column.shape for column in (ours, theirs, labels, users)]
    if len(set(lengths)) > 1 or len(lengths[0]) != 1:
        evidence = f"our scores, theirs, labels and users are shaped {', '.join(map(str, lengths))}"
        raise EdgeError("the columns are not parallel", evidence=evidence, fix="pass one of each per row")
    if not (np.isfinite(ours).all() and np.isfinite(theirs).all()):
        raise EdgeError("a score is not finite", fix="compare finite scores of the same rows")
    if not np.isin(labels, (0, 1)).all():
        raise EdgeError("labels must be 0 or 1", fix="pass 1 for liked, 0 for not liked")
