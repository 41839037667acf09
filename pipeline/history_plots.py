"""Histories: how long they are in training and in test, and how quality depends on it."""

from __future__ import annotations

import math
from typing import Any

from matplotlib.figure import Figure

from edge.pages.drawing import COLOURS, QUIET, WIDTH, drawable, picture
from edge.pages.picture import Picture
from pipeline.results import MODELS, Results

MOST_LEVEL = 7  # labels that have room beside each other
AROUND = 0.6  # of the middle interval's length, that the scale reaches beyond the values


def length_picture(results: Results) -> Picture:
    """The share of training and of test rows in each bin of lengths."""
    shares = results.history_shares
    figure = Figure(figsize=(WIDTH, 2.8), layout="constrained")
    axes = figure.subplots()
    for turn, (part, colour) in enumerate((("training", COLOURS[0]), ("test", COLOURS[1]))):
        places = [place + 0.4 * turn - 0.2 for place in range(len(shares))]
        axes.bar(places, [100 * both[turn] for both in shares.values()], 0.38, color=colour, label=f"{part} rows")
    _label_bins(axes, list(shares))
    axes.set_ylabel("% of rows")
    axes.grid(axis="x", visible=False)
    figure.legend(loc="outside upper left", ncols=2)
    caption = "How many earlier events a row looks back on. The bins differ in width."
    return picture("histories", "Are histories in training as long as in the test?", caption, figure)


def quality_by_length_picture(results: Results) -> Picture:
    """AUC in each bin that is large enough; the scale is that of the values, so a wide interval cannot set it."""
    bins = results.by_history
    figure = Figure(figsize=(WIDTH, 3.0), layout="constrained")
    axes = figure.subplots()
    lengths, values = list[float](), list[float]()
    for turn, name in enumerate(dict.fromkeys(name for figures in bins.values() for name in figures)):
        colour = COLOURS[0] if name == MODELS["int8"] else QUIET
        places = [place + 0.12 * turn for place in range(len(bins))]
        found = [figures[name] for figures in bins.values()]
        axes.vlines(places, [one.low for one in found], [one.high for one in found], color=colour, alpha=0.5)
        axes.plot(places, [one.value for one in found], "o-", color=colour, markersize=4, label=drawable(name, 40))
        lengths += [one.high - one.low for one in found if not math.isnan(one.low)]
        values += [one.value for one in found if not math.isnan(one.value)]
    if lengths:
        reach = AROUND * sorted(lengths)[len(lengths) // 2] + 0.01
        axes.set_ylim(min(values) - reach, max(values) + reach)
    _label_bins(axes, [f"{label}\n{count:,}" for label, count in zip(bins, results.history_rows.values(), strict=True)])
    axes.set_xlabel("earlier events; below, the test rows of the bin")
    axes.set_ylabel("AUC")
    figure.legend(loc="outside upper left", ncols=2)
    caption = "A bar is the 95 % interval over users; those of small bins may extend beyond the picture."
    return picture("history", "Does it rank better with a longer history?", caption, figure)


def _label_bins(axes: Any, labels: list[str]) -> None:
    turned = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"} if len(labels) > MOST_LEVEL else {}
    axes.set_xticks(range(len(labels)), labels, fontsize=7.5, **turned)
    axes.set_xlabel("earlier events")
