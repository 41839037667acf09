"""What a model must beat on the same rows: popularity, means of item and user, biases of item and user.

Each is a score as of the row's moment, from strictly earlier rows, of training and test alike; a logistic curve over
the training rows makes it a probability.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloud.data.log import PARTS, TEST, TRAIN, VALIDATION, Events
from cloud.data.moments import earlier_sums, screens, user_starts
from edge.metrics import auc, summarise
from edge.text.arithmetic import UNIT, running, to_units

Floats = NDArray[np.float64]
Metrics = dict[str, float | None]  # None where a figure has no meaning, e.g. AUC when all rows are liked

CHOICES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0)  # rows of the overall mean that a mean is smoothed with
PROTOCOL = "scores as of each row, from strictly earlier rows, smoothed with what is best on validation"


def baselines(events: Events, shared_clock: bool = True) -> dict[str, dict[str, Metrics]]:
    """{"validation" | "test": {baseline: metrics}}; parts without rows are left out."""
    found = baseline_scores(events, shared_clock)
    results: dict[str, dict[str, Metrics]] = {}
    for part in (VALIDATION, TEST):
        rows = events.part == part
        if rows.any() and (events.part == TRAIN).any():
            results[PARTS[part]] = {name: _metrics(score, events, rows) for name, score in found.items()}
    return results


def baseline_scores(events: Events, shared_clock: bool = True) -> dict[str, Floats]:
    """Baseline -> a score for every row. Where the clock is each user's own there are no statistics of items."""
    likes = _mean_of_training(events, events.liked)
    user = _best(events, lambda smoothing: user_mean(events, events.liked, smoothing, likes))
    if not shared_clock:
        return {"user mean": user}
    item = _best(events, lambda smoothing: item_mean(events, events.liked, smoothing))
    return {
        "popularity": np.log1p(views(events)),
        "item mean": item,
        "item+user mean": item + user,
        "item+user bias": _best(events, lambda smoothing: item_user_bias(events, smoothing)),
    }


def views(events: Events) -> Floats:
    """(row,) how often the row's item stood in earlier rows that happened."""
    (count,) = earlier_sums(events.item, events.time, events.happened.astype(np.int64))
    return count.astype(np.float64)


def item_mean(events: Events, values: NDArray[Any], smoothing: float) -> Floats:
    """(row,) the mean of `values` over earlier rows of the item, smoothed with rows of the mean of all earlier rows."""
    units, ones = to_units(values), np.ones(len(events), dtype=np.int64)
    total, count = earlier_sums(events.item, events.time, units, ones)
    everyone = np.zeros(len(events), dtype=np.int32)
    all_total, all_count = earlier_sums(everyone, events.time, units, ones)
    overall = (all_total / UNIT + _mean_of_training(events, values)) / (all_count + 1)
    mean: Floats = (total / UNIT + smoothing * overall) / (count + smoothing)
    return mean


def user_mean(events: Events, values: NDArray[Any], smoothing: float, prior: float) -> Floats:
    """(row,) the mean of `values` over the user's earlier rows, smoothed with rows of `prior`."""
    start, seen = user_starts(events.user), screens(events.user, events.time)
    total = running(to_units(values))
    mean: Floats = ((total[seen] - total[start]) / UNIT + smoothing * prior) / (seen - start + smoothing)
    return mean


def _mean_of_training(events: Events, values: NDArray[Any]) -> float:
    return float(np.mean(values[events.part == TRAIN], dtype=np.float64))


def item_user_bias(events: Events, smoothing: float) -> Floats:
    """(row,) the item's mean value plus by how much the user's earlier values were above their items' means then."""
    item = item_mean(events, events.value, smoothing)
    surplus = events.value - item
    return item + user_mean(events, surplus, smoothing, prior=0.0)


def _best(events: Events, make: Callable[[float], Floats]) -> Floats:
    """With the smoothing that has the highest AUC on validation rows; the first where it tells nothing."""
    rows = events.part == VALIDATION
    tried = [make(smoothing) for smoothing in CHOICES]
    reached = [auc(score[rows], events.liked[rows]) for score in tried]
    return tried[int(np.argmax(np.nan_to_num(reached)))]


def _metrics(score: Floats, events: Events, rows: NDArray[np.bool_]) -> Metrics:
    train = events.part == TRAIN
    slope, intercept = logistic(score[train], events.liked[train])
    logits = max(slope, 1e-6) * score[rows] + intercept
    found = summarise(logits, events.liked[rows], events.user[rows])
    return {name: None if np.isnan(value) else value for name, value in found.items()}


def logistic(feature: Floats, liked: NDArray[np.bool_], steps: int = 25) -> tuple[float, float]:
    """Slope and intercept by Newton's method, lightly ridged so that separable data converge."""
    inputs = np.stack([feature, np.ones_like(feature)], axis=1)  # (row, 2)
    weights = np.zeros(2)
    for _ in range(steps):
        share = 1 / (1 + np.exp(-np.clip(inputs @ weights, -30, 30)))
        gradient = inputs.T @ (liked - share) - 1e-3 * weights
        curvature = (inputs * (share * (1 - share))[:, None]).T @ inputs + 1e-3 * np.eye(2)
        weights = weights + np.linalg.solve(curvature, gradient)
    return float(weights[0]), float(weights[1])
