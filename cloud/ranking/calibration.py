"""Temperature and offset of an exit: calibrated = logit / temperature + offset, fitted on validation rows.

Logistic regression on the logit (Platt, 1999); its slope is the inverse of the temperature (Guo et al., 2017).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloud.data.negatives import are_drawn
from cloud.data.rows import Prepared
from cloud.ranking.kept_scores import Exit, Scores
from cloud.ranking.reliability import reliability
from cloud.runs.directory import Run

Floats = NDArray[np.float64]
Fits = Mapping[tuple[int, int], "Calibration"]  # by encode and interact depth; none where scores are ranks
FEWEST = 10  # validation rows of each label, below which nothing is fitted
MOST_TEMPERATURE = 20.0  # and its inverse the least
STEPS, HALVINGS, FLAT = 100, 40, 1e-12  # of Newton's method; a gradient below FLAT ends it
RANKS = "negatives were drawn, so scores are ranks, not probabilities: no calibration was fitted"


@dataclass(frozen=True)
class Calibration:
    """`note` says why it was not fitted freely, if it was not."""

    temperature: float = 1.0
    offset: float = 0.0
    note: str = ""

    def __call__(self, logits: NDArray[Any]) -> Floats:
        """Logits whose sigmoid is a probability, in the order of `logits`."""
        return logits.astype(np.float64) / self.temperature + self.offset


def fit_calibrations(scores: Mapping[Exit, Scores], prepared: Run) -> dict[tuple[int, int], Calibration]:
    """One for each exit, from its scores of validation rows; none if the run's negatives were drawn."""
    if are_drawn(prepared):
        return {}
    rows = Prepared(prepared)
    labels = rows.column("label")[rows.part("validation")]
    of_validation = {place[1:]: logits for place, logits in scores.items() if place[0] == "validation"}
    return {depths: fit_calibration(logits, labels) for depths, logits in of_validation.items()}


def fit_calibration(logits: NDArray[Any], labels: NDArray[Any]) -> Calibration:
    """The least log loss within the bounds of the temperature; deterministic.

    Temperature 1 and offset 0 if a fit would not carry over to other rows: few rows of a label, or separable labels.
    """
    values, liked = logits.astype(np.float64), labels.astype(bool)
    likes, others = values[liked], values[~liked]
    if min(len(likes), len(others)) < FEWEST:
        return Calibration(note=f"not fitted: {len(likes)} and {len(others)} rows of the two labels are too few")
    if values.min() == values.max():
        return Calibration(1.0, _offset(values, liked), "offset alone: all scores are equal")
    if likes.min() >= others.max():
        return Calibration(note="not fitted: the scores tell the labels of all validation rows apart")
    centre, spread = values.mean(), values.std()
    slope, height = _newton(np.stack([(values - centre) / spread, np.ones_like(values)]), np.zeros(1), liked)
    temperature = spread / slope if slope > 0 else np.inf
    bounded = float(np.clip(temperature, 1 / MOST_TEMPERATURE, MOST_TEMPERATURE))
    if bounded != temperature:
        return Calibration(bounded, _offset(values / bounded, liked), "the temperature is at its bound")
    return Calibration(bounded, float(height - slope * centre / spread))


def _offset(values: Floats, liked: NDArray[np.bool_]) -> float:
    return float(_newton(np.ones((1, len(values))), values, liked)[0])


def _newton(columns: Floats, fixed: Floats, liked: NDArray[np.bool_]) -> Floats:
    """(column,) weights of `columns`, (column, row), which beside `fixed` give the least mean log loss; convex.

    Sums are numpy's own, as those of a BLAS depend on its threads.
    """
    weights = np.zeros(len(columns))
    value = _loss(columns, fixed, liked, weights)
    for _ in range(STEPS):
        chance = _sigmoid(_logits(columns, fixed, weights))
        gradient = (columns * (chance - liked)).mean(1)
        curved = columns * (chance * (1 - chance))
        curvature = np.array([(curved * column).mean(1) for column in columns]) + FLAT * np.eye(len(columns))
        step, size = np.linalg.solve(curvature, gradient), 1.0
        for _ in range(HALVINGS):
            shorter = weights - size * step
            if (found := _loss(columns, fixed, liked, shorter)) < value:
                break
            size /= 2
        else:
            break  # no step is better in float64
        weights, value = shorter, found
        if np.abs(gradient).max() < FLAT:
            break
    return weights


def _logits(columns: Floats, fixed: Floats, weights: Floats) -> Floats:
    logits: Floats = (columns * weights[:, None]).sum(0) + fixed
    return logits


def _loss(columns: Floats, fixed: Floats, liked: NDArray[np.bool_], weights: Floats) -> float:
    logits = _logits(columns, fixed, weights)
    return float((np.logaddexp(0, logits) - logits * liked).mean())


def _sigmoid(logits: Floats) -> Floats:
    chance: Floats = np.exp(-np.logaddexp(0, -logits))
    return chance


def calibration_figures(scores: Mapping[Exit, Scores], fits: Fits, prepared: Run) -> dict[str, Any]:
    """For a run's summary: how it was fitted, and for each exit temperature, offset and what they change on test."""
    if not fits:
        return {"fitted": False, "method": RANKS, "exits": {}}
    rows, exits = Prepared(prepared), dict[str, Any]()
    label = rows.column("label")
    validation, test = label[rows.part("validation")], label[rows.part("test")]
    for (encode, depth), fit in fits.items():
        logits = scores["test", encode, depth]
        changed = {"before": reliability(logits, test).figures(), "after": reliability(fit(logits), test).figures()}
        exits.setdefault(f"encode {encode}", {})[str(depth)] = asdict(fit) | {"test": changed}
    method = (
        f"logit / temperature + offset, fitted on {len(validation):,} validation rows, at the log's base rate of "
        f"{validation.mean():.4f}"
    )
    return {"fitted": True, "method": method, "exits": exits}


def calibration_of(run: Run, encode: int, interact: int) -> Calibration | None:
    """What a finished ranking run was calibrated by at an exit; None where its scores are ranks."""
    exits = run.summary["calibration"]["exits"]
    if not exits:
        return None
    found = exits[f"encode {encode}"][str(interact)]
    return Calibration(found["temperature"], found["offset"], found["note"])
