"""Values with their intervals, a row each, for a picture that is as narrow as a phone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from edge.pages.drawing import COLOURS, PAPER, WIDTH, drawable

Range = tuple[float, float, float]  # value, low end, high end; NaN where it is not defined
ROW, REST = 0.36, 0.8  # inches of a row, and of axis and legend
MAX_NAME = 60


def range_figure(names: Sequence[str], series: Mapping[str, Sequence[Range]]) -> tuple[Any, Any]:
    """A figure and its axes. The names stand above their rows, which leaves the whole width to the values."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, ROW * len(names) + REST), layout="constrained")
    axes = figure.subplots()
    for turn, (label, ranges) in enumerate(series.items()):
        places = [place + 0.08 + 0.22 * turn for place in range(len(names))]
        colour = COLOURS[turn]
        axes.hlines(places, [low for _, low, _ in ranges], [high for _, _, high in ranges], colour, lw=3, alpha=0.45)
        axes.plot([value for value, _, _ in ranges], places, "o", color=colour, markersize=5, label=label)
    box = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.8}
    for place, name in enumerate(names):
        at: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "xytext": (3, 0), "textcoords": "offset points"}
        axes.annotate(drawable(name, MAX_NAME), (0, place - 0.2), va="center", fontsize=8, bbox=box, **at)
    axes.set_ylim(len(names) - 0.4, -0.5)
    axes.set_yticks([place - 0.5 for place in range(1, len(names))], [""] * (len(names) - 1))
    axes.tick_params(axis="y", length=0)
    figure.legend(loc="outside upper left", ncols=2)
    return figure, axes
