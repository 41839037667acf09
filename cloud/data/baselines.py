"""What a model must beat on the same rows: popularity, means of item and user, biases of item and user."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cloud.data.examples import may_see
from cloud.data.log import TEST, VALIDATION, Events
from edge.metrics import log_loss, summarise

Floats = NDArray[np.float64]
Metrics = dict[str, float | None]  # None where a figure has no meaning, e.g. AUC when all rows are liked

SMOOTHING = 20.0  # rows of the overall mean added to the plain means
CHOICES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0)  # what the bias baseline chooses from, for items and for users
PROTOCOL = (
    "fitted on all events of the earlier parts (validation from train, test from train and validation), "
    "means smoothed with 20 rows of the overall mean, the bias baseline's smoothing chosen on validation"
)


def baselines(events: Events) -> dict[str, dict[str, Metrics]]:
    """{"validation" | "test": {baseline: metrics}}; parts without rows are left out."""
    results: dict[str, dict[str, Metrics]] = {}
    smoothing = (SMOOTHING, SMOOTHING)
    for part, name in ((VALIDATION, "validation"), (TEST, "test")):
        seen = events.select(np.isin(events.part, may_see(part)))
        rows = events.select(events.part == part)
        if not len(rows) or not len(seen):
            continue
        if part == VALIDATION:
            smoothing = _best_smoothing(seen, rows)
        predictions = {
            "popularity": _popularity(seen, rows),
            "item mean": _item_mean(seen, rows),
            "item+user mean": _item_user_mean(seen, rows),
            "item+user bias": _item_user_bias(seen, rows, *smoothing),
        }
        results[name] = {title: _metrics(logits, rows) for title, logits in predictions.items()}
    return results


def _metrics(logits: Floats, rows: Events) -> Metrics:
    found = summarise(logits, rows.liked, rows.user)
    return {name: None if np.isnan(value) else value for name, value in found.items()}


def _best_smoothing(seen: Events, rows: Events) -> tuple[float, float]:
    choices = [(item, user) for item in CHOICES for user in CHOICES]
    return min(choices, key=lambda choice: log_loss(_item_user_bias(seen, rows, *choice), rows.liked))


def _popularity(seen: Events, rows: Events) -> Floats:
    """Logit linear in log(1 + views), fitted by logistic regression: the order is that of the views."""
    size = int(max(seen.item.max(), rows.item.max())) + 1
    feature = np.log1p(np.bincount(seen.item, minlength=size))
    slope, intercept = _logistic(feature[seen.item], seen.liked)
    return max(slope, 1e-6) * feature[rows.item] + intercept


def _item_mean(seen: Events, rows: Events) -> Floats:
    return _logit(_means(seen.item, seen.liked, float(seen.liked.mean()), SMOOTHING, rows.item))


def _item_user_mean(seen: Events, rows: Events) -> Floats:
    """The item's mean plus the user's mean, less the overall mean."""
    overall = float(seen.liked.mean())
    item = _means(seen.item, seen.liked, overall, SMOOTHING, rows.item)
    return _logit(item + _means(seen.user, seen.liked, overall, SMOOTHING, rows.user) - overall)


def _item_user_bias(seen: Events, rows: Events, item_smoothing: float, user_smoothing: float) -> Floats:
    """The item's mean plus how much more than their items' means the user likes things."""
    overall = float(seen.liked.mean())
    surplus = seen.liked - _means(seen.item, seen.liked, overall, item_smoothing, seen.item)
    item = _means(seen.item, seen.liked, overall, item_smoothing, rows.item)
    return _logit(item + _means(seen.user, surplus, 0.0, user_smoothing, rows.user))


def _means(
    keys: NDArray[np.int32],
    values: NDArray[np.generic],
    prior: float,
    smoothing: float,
    at: NDArray[np.int32],
) -> Floats:
    """Mean of `values` by key, with `smoothing` rows of `prior` added, looked up at keys `at`."""
    size = int(max(keys.max(), at.max())) + 1
    totals = np.bincount(keys, weights=values.astype(np.float64), minlength=size)
    means: Floats = (totals + smoothing * prior) / (np.bincount(keys, minlength=size) + smoothing)
    return means[at]


def _logit(share: Floats) -> Floats:
    clipped = np.clip(share, 0.01, 0.99)
    logits: Floats = np.log(clipped / (1 - clipped))
    return logits


def _logistic(feature: Floats, liked: NDArray[np.bool_], steps: int = 25) -> tuple[float, float]:
    """Slope and intercept by Newton's method, lightly ridged so that separable data converge."""
    inputs = np.stack([feature, np.ones_like(feature)], axis=1)  # (row, 2)
    weights = np.zeros(2)
    for _ in range(steps):
        share = 1 / (1 + np.exp(-np.clip(inputs @ weights, -30, 30)))
        gradient = inputs.T @ (liked - share) - 1e-3 * weights
        curvature = (inputs * (share * (1 - share))[:, None]).T @ inputs + 1e-3 * np.eye(2)
        weights = weights + np.linalg.solve(curvature, gradient)
    return float(weights[0]), float(weights[1])
