"""What a model must beat on the same rows: popularity, means of item and user, biases of item and user.

Each is a score as of the row's time, from strictly earlier rows of all splits; a logistic curve over
the training rows makes it a probability.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloud.data.counts import slices
from cloud.data.log import PARTS, TEST, TRAIN, VALIDATION, Events
from cloud.data.moments import Earlier, running_units, screens, user_starts
from edge.metrics import auc, summarise
from edge.text.arithmetic import UNIT

Floats = NDArray[np.float64]
Metrics = dict[str, float | None]  # None where a figure has no meaning, e.g. AUC when all rows are liked

CHOICES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0)  # rows of the overall mean that a mean is smoothed with
CURVE_ROWS = 1_000_000  # training rows, about, that the logistic curve is fitted on
PROTOCOL = "scores as of each row, from strictly earlier rows, smoothed with what is best on validation"


def baselines(events: Events, shared_clock: bool = True) -> dict[str, dict[str, Metrics]]:
    """{"validation" | "test": {baseline: metrics}}; parts without rows are left out."""
    parts = [part for part in (VALIDATION, TEST) if (events.part == part).any() and (events.part == TRAIN).any()]
    results: dict[str, dict[str, Metrics]] = {PARTS[part]: {} for part in parts}
    train = _some(events.part == TRAIN)
    for name, score in each_baseline(events, shared_clock):
        curve = logistic(score[train], events.liked[train]) if parts else (0.0, 0.0)
        for part in parts:
            results[PARTS[part]][name] = _metrics(score, curve, events, events.part == part)
    return results


def baseline_scores(events: Events, shared_clock: bool = True) -> dict[str, Floats]:
    """Baseline -> a score for every row."""
    return dict(each_baseline(events, shared_clock))


def each_baseline(events: Events, shared_clock: bool) -> Iterator[tuple[str, Floats]]:
    """One after the other, as each is a number for every row. Of a clock that is each user's own, the user's alone."""
    likes = _mean_of_training(events, events.liked)
    user = _best(events, lambda smoothing: user_mean(events, events.liked, smoothing, likes))
    if not shared_clock:
        yield "user mean", user
        return
    earlier = Earlier(events.item, events.time)
    yield "popularity", np.log1p(views(events, earlier))
    item = _best(events, ItemHistory.of(events, events.liked, earlier).mean)
    yield "item mean", item
    yield "item+user mean", item + user
    del item, user
    rated = ItemHistory.of(events, events.value, earlier)
    del earlier
    yield "item+user bias", _best(events, lambda smoothing: item_user_bias(events, rated, smoothing))


def views(events: Events, earlier: Earlier) -> Floats:
    """(row,) how many earlier rows, negatives excluded, have the row's item."""
    happened = events.happened
    return earlier.count().astype(np.float64) if happened.all() else earlier.total(happened)


@dataclass(frozen=True)
class ItemHistory:
    """(row,) sum and number of an item's earlier values, and the mean of all earlier values."""

    total: Floats
    count: NDArray[np.int32]
    overall: Floats

    @classmethod
    def of(cls, events: Events, values: NDArray[Any], earlier: Earlier) -> ItemHistory:
        """`earlier` are the rows of each one's item."""
        overall = _overall(events, values)
        return cls(earlier.total(values), earlier.count(), overall)

    def mean(self, smoothing: float) -> Floats:
        """Smoothed with rows of the mean of all."""
        mean = smoothing * self.overall
        mean += self.total
        mean /= self.count + smoothing
        return mean


def _overall(events: Events, values: NDArray[Any]) -> Floats:
    """(row,) the mean of all earlier values and one of the mean of training."""
    earlier = Earlier(np.zeros(len(events), dtype=np.int32), events.time)
    overall = earlier.total(values)
    overall += _mean_of_training(events, values)
    overall /= earlier.count() + 1
    return overall


def user_mean(events: Events, values: NDArray[Any], smoothing: float, prior: float) -> Floats:
    """(row,) the mean of `values` over the user's earlier rows, smoothed with rows of `prior`."""
    start, seen = user_starts(events.user), screens(events.user, events.time)
    total, mean = running_units(values), np.empty(len(events))
    for at in slices(len(events)):
        before = (total[seen[at]] - total[start[at]]) / UNIT
        mean[at] = (before + smoothing * prior) / (seen[at] - start[at] + smoothing)
    return mean


def _mean_of_training(events: Events, values: NDArray[Any]) -> float:
    return float(np.mean(values[events.part == TRAIN], dtype=np.float64))


def item_user_bias(events: Events, rated: ItemHistory, smoothing: float) -> Floats:
    """The item's mean value plus the mean by which the user's earlier values exceeded their items' means then."""
    item = rated.mean(smoothing)
    return item + user_mean(events, events.value - item, smoothing, prior=0.0)


def _best(events: Events, make: Callable[[float], Floats]) -> Floats:
    """With the smoothing that has the highest AUC on validation rows; the first where it tells nothing.

    Made once more at the end: six scores for every row of a large log would fill the memory.
    """
    rows = events.part == VALIDATION
    reached = [auc(make(smoothing)[rows], events.liked[rows]) for smoothing in CHOICES]
    return make(CHOICES[int(np.argmax(np.nan_to_num(reached)))])


def _some(rows: NDArray[np.bool_]) -> NDArray[np.integer]:
    """Places of about `CURVE_ROWS` of the rows."""
    places = np.flatnonzero(rows)
    return places[:: 1 + len(places) // CURVE_ROWS].copy()


def _metrics(score: Floats, curve: tuple[float, float], events: Events, rows: NDArray[np.bool_]) -> Metrics:
    slope, intercept = curve
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
        step = weights + np.linalg.solve(curvature, gradient)
        if (step == weights).all():
            break
        weights = step
    return float(weights[0]), float(weights[1])
