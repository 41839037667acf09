"""The reliability diagram of a ranking model, drawn by matplotlib as SVG: equal figures give equal bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cloud.ranking.reliability import Reliability
from edge.pages.drawing import COLOURS, QUIET, WIDTH, drawn, styled

NORMAL = 1.96  # standard deviations on both sides of the mean that hold 95 %


def reliability_plot(before: Reliability, after: Reliability) -> bytes:
    """Observed against predicted, with Wilson's 95 % intervals after calibration; the bins have about as many rows."""
    with styled():
        drawing = Figure(figsize=(WIDTH, 4.2), layout="constrained")
        axes = drawing.subplots()
        axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.8, linestyle=":", label="perfect")
        for found, name, colour, fill in (
            (before, "before", QUIET, "none"),
            (after, "after", COLOURS[0], COLOURS[0]),
        ):
            label = f"{name}: calibration error {found.figures()['calibration_error']:.4f}"
            marker: dict[str, Any] = {"markersize": 4, "markerfacecolor": fill}
            axes.plot(found.predicted, found.observed, "o-", color=colour, linewidth=1, label=label, **marker)
        axes.vlines(after.predicted, *_wilson(after.observed, after.counts), color=COLOURS[0], linewidth=1.5, alpha=0.5)
        axes.set_xlabel(f"mean predicted probability of a bin of about {int(np.median(after.counts)):,} rows")
        axes.set_ylabel("share of the bin with label 1")
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        drawing.legend(*axes.get_legend_handles_labels(), loc="outside upper left")
        return drawn(drawing)


def _wilson(share: NDArray[np.float64], counts: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Ends of the interval of a share of so many rows (Wilson, 1927)."""
    wide = NORMAL**2 / counts
    centre = share + wide / 2
    reach = np.sqrt(wide * share * (1 - share) + wide**2 / 4)
    return (centre - reach) / (1 + wide), (centre + reach) / (1 + wide)
