"""The reliability diagram of a ranking model, drawn by matplotlib as SVG: equal figures give equal bytes."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from matplotlib import style
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cloud.ranking.reliability import Reliability
from edge.bench.plots import BASELINE, COLOURS, INK
from edge.bench.plots import STYLE as BENCH_STYLE

STYLE = BENCH_STYLE | {"svg.hashsalt": "edge-reliability"}
WIDTH, HEIGHT = 4.7, 4.9  # inches
NORMAL = 1.96  # standard deviations on both sides of the mean that hold 95 %


def reliability_plot(before: Reliability, after: Reliability) -> bytes:
    """Observed against predicted, with Wilson's 95 % intervals after calibration; below it, the rows of each bin."""
    with style.context(["default", STYLE]):
        drawing = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
        top, bottom = drawing.subplots(2, 1, sharex=True, height_ratios=[4, 1])
        top.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":", label="perfect")
        for found, name, colour, fill in (
            (before, "before", BASELINE, "white"),
            (after, "after", COLOURS[0], COLOURS[0]),
        ):
            label = f"{name}: calibration error {found.figures()['calibration_error']:.4f}"
            marker = {"markersize": 4, "markerfacecolor": fill}
            top.plot(found.predicted, found.observed, "o-", color=colour, label=label, **marker)
            bottom.vlines(found.predicted, 0, found.counts, color=colour, linewidth=2.5)
        top.vlines(after.predicted, *_wilson(after.observed, after.counts), color=COLOURS[0], linewidth=1, alpha=0.5)
        top.set_ylabel("share of label 1 in the bin")
        bottom.set_ylabel("rows")
        bottom.set_xlabel("mean predicted probability of the bin")
        bottom.yaxis.set_major_formatter(lambda value, place: f"{value:,.0f}")
        bottom.set_ylim(0, 1.2 * max(before.counts.max(), after.counts.max()))
        for axes in (top, bottom):
            axes.set_xlim(0, 1)
        top.set_ylim(0, 1)
        drawing.legend(*top.get_legend_handles_labels(), loc="outside upper left")
        return _svg(drawing)


def _wilson(share: NDArray[np.float64], counts: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Ends of the interval of a share of so many rows (Wilson, 1927)."""
    wide = NORMAL**2 / counts
    centre = share + wide / 2
    reach = np.sqrt(wide * share * (1 - share) + wide**2 / 4)
    return (centre - reach) / (1 + wide), (centre + reach) / (1 + wide)


def _svg(drawing: Any) -> bytes:
    drawn = io.BytesIO()
    drawing.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
    return drawn.getvalue()
