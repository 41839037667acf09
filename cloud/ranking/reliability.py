"""How far predicted probabilities are from what happened, in bins of as many rows each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.metrics import log_loss

BINS = 15


@dataclass(frozen=True)
class Reliability:
    """Of rows with some logits: parallel columns (bin,) by rising probability; equal logits share a bin."""

    counts: NDArray[np.int64]
    predicted: NDArray[np.float64]  # mean probability
    observed: NDArray[np.float64]  # share of label 1
    log_loss: float

    def figures(self) -> dict[str, float]:
        """`calibration_error`: the expected one, the mean over rows of their bin's distance |predicted - observed|."""
        share = self.counts / self.counts.sum()
        return {
            "log_loss": self.log_loss,
            "calibration_error": float((share * np.abs(self.predicted - self.observed)).sum()),
            "mean_predicted": float((share * self.predicted).sum()),
            "mean_observed": float((share * self.observed).sum()),
        }


def reliability(logits: NDArray[Any], labels: NDArray[Any], bins: int = BINS) -> Reliability:
    """Of one row or more; fewer bins where logits are equal or rows few."""
    values = logits.astype(np.float64)
    edges = np.unique(np.quantile(values, np.arange(1, bins) / bins, method="higher"))
    place = np.searchsorted(edges, values, side="right")
    counts = np.bincount(place)
    filled = counts > 0
    chance = np.exp(-np.logaddexp(0, -values))
    predicted, observed = (np.bincount(place, column)[filled] / counts[filled] for column in (chance, labels))
    return Reliability(counts[filled], predicted, observed, log_loss(values, labels))
