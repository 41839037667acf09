"""The pictures of a prepared log, drawn by matplotlib: narrow, so that a phone shows them at their own size.

Equal figures give equal bytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from matplotlib.figure import Figure as Drawing

from cloud.data.log import PARTS
from cloud.data.times import YEAR
from edge.pages.drawing import COLOURS as PALETTE
from edge.pages.drawing import WIDTH, drawable, picture, styled
from edge.pages.picture import Picture
from edge.text.number import CLIP

BLUE, VERMILION, *_, ORANGE = PALETTE
COLOURS = {"train": BLUE, "validation": ORANGE, "test": VERMILION}
HEIGHT = 2.9  # inches
LEGEND, TITLE, TICKS = 0.3, 0.22, 0.25  # inches
ROW = 1.2  # inches that a row of histograms takes, its title and ticks included
NUMBERS = 8  # histograms in a picture, two in a row
MAX_TITLE = 34  # characters above a histogram
LONG = 1e6  # from which on a number is written with an exponent
LAST_DATE = 2.5e11  # seconds: in the year 9892, near the last that has a name


def time_picture(over_time: Mapping[str, Any]) -> Picture:
    """Rows by part, from the time of the first to that of the last."""
    return _picture("time", "When did the events happen?", TIME, over_time, _over_time)


def history_picture(histories: Mapping[str, Any]) -> Picture:
    """How long the histories of each part are."""
    return _picture("histories", "Are histories in training as long as in the test?", HISTORIES, histories, _histories)


def number_pictures(numbers: Sequence[Mapping[str, Any]]) -> list[Picture]:
    """A histogram of each number, some in a picture."""
    cuts = range(0, len(numbers), NUMBERS)
    return [_numbers(f"numbers{first // NUMBERS + 1}", numbers[first : first + NUMBERS]) for first in cuts]


HISTORIES = (
    "The share of rows that look back on at most so many earlier events. If the curves are far apart, the model is "
    "tested on other histories than it is trained on."
)
TIME = "Rows over time, in bins of equal length; dates are in UTC."
NUMBERS_ALIKE = "Are the numbers distributed alike in training and test?"
NUMBERS_SHOWN = "Shares of rows, in the units of each number after its transform: "


def _picture(name: str, title: str, caption: str, figures: Any, draw: Callable[[Any, Any], None]) -> Picture:
    with styled():
        drawing = Drawing(figsize=(WIDTH, HEIGHT), layout="constrained")
        draw(drawing.subplots(), figures)
        handles, labels = drawing.axes[0].get_legend_handles_labels()
        drawing.legend(handles, labels, loc="outside upper center", ncols=len(PARTS))
        return picture(name, title, caption, drawing)


def _histories(axes: Any, histories: Mapping[str, Any]) -> None:
    """On a logarithmic axis of length + 1, which has a place for rows without a history."""
    curve = histories["curve"]
    for part in PARTS:
        at = [length + 1 for length in curve["length"]]
        axes.step(at, curve[part], where="post", color=COLOURS[part], label=part, linewidth=1.8)
    longest = curve["length"][-1] + 1
    ticks = [0, *(step * 10**power for power in range(int(math.log10(longest)) + 1) for step in (1, 3))]
    shown = [tick for tick in ticks if tick <= longest]
    axes.set_xscale("log")
    axes.set_xlim(0.93, max(longest, 2) * 1.08)
    axes.set_xticks([tick + 1 for tick in shown], [f"{tick:,}" for tick in shown])
    axes.minorticks_off()
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("earlier events (logarithmic)")
    axes.set_ylabel("share of rows")


def _over_time(axes: Any, over_time: Mapping[str, Any]) -> None:
    edges = over_time["edges"]
    below = [0] * (len(edges) - 1)
    for part in PARTS:
        top = [low + count for low, count in zip(below, over_time[part], strict=True)]
        axes.stairs(top, edges, baseline=below, fill=True, color=COLOURS[part], label=part)
        below = top
    places = [edges[0] + share * (edges[-1] - edges[0]) for share in (0, 0.25, 0.5, 0.75, 1)]
    axes.set_xticks(places, _moments(places))
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(lambda value, place: f"{value:,.0f}")
    axes.set_ylabel("rows")


def _moments(places: Sequence[float]) -> list[str]:
    """Dates or hours, as finely as they differ; the log's own steps, which are all in 1970, as numbers."""
    if places[0] < YEAR or places[-1] > LAST_DATE:
        return [f"{place:,.0f}" if abs(place) < LONG else f"{place:.3g}" for place in places]
    days = (places[-1] - places[0]) / 86_400
    shown = "%Y-%m" if days > 1_000 else "%m-%d\n%Y" if days > 8 else "%m-%d\n%H:%M"
    return [datetime.fromtimestamp(place, UTC).strftime(shown) for place in places]


def _numbers(name: str, numbers: Sequence[Mapping[str, Any]]) -> Picture:
    rows = -(-len(numbers) // 2)
    height = LEGEND + ROW * rows
    with styled():
        drawing = Drawing(figsize=(WIDTH, height))
        panels = list(drawing.subplots(rows, 2, squeeze=False).flat)
        for axes, number in zip(panels, numbers, strict=False):
            _histogram(axes, number)
        for axes in panels[len(numbers) :]:
            axes.set_axis_off()
        edges = {"left": 0.03, "right": 0.97, "bottom": TICKS / height, "top": 1 - (LEGEND + TITLE) / height}
        drawing.subplots_adjust(**edges, hspace=(TICKS + TITLE) / (ROW - TICKS - TITLE), wspace=0.1)
        handles, labels = panels[0].get_legend_handles_labels()
        drawing.legend(handles, labels, loc="upper center", ncols=2, borderpad=0.2)
        caption = f"{NUMBERS_SHOWN}{'; '.join(number['name'] for number in numbers)}."
        return picture(name, NUMBERS_ALIKE, caption, drawing)


def _histogram(axes: Any, number: Mapping[str, Any]) -> None:
    """In standard deviations, whose ticks are worded as the values that they stand for."""
    bins = len(number["train"]["histogram"])
    edges = [2 * CLIP * place / bins - CLIP for place in range(bins + 1)]
    for part, fill in (("train", True), ("test", False)):
        counts = number[part]["histogram"]
        heights = [count / max(1, sum(counts)) for count in counts]
        axes.stairs(heights, edges, fill=fill, color=COLOURS[part], alpha=0.45 if fill else 1.0, label=part)
    axes.set_title(drawable(number["name"], MAX_TITLE), pad=3)
    low, high = _ends(number, edges)
    axes.set_xlim(low, high)
    places = [low + (high - low) * share for share in (0.02, 0.5, 0.98)]
    values = [number["mean"] + number["spread"] * place for place in places]
    axes.set_xticks(places, [_value(value, number["spread"] * (high - low)) for value in values])
    for label, side in zip(axes.get_xticklabels(), ("left", "center", "right"), strict=True):
        label.set_horizontalalignment(side)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


def _ends(number: Mapping[str, Any], edges: Sequence[float]) -> tuple[float, float]:
    """Where the histograms have anything."""
    both = [sum(pair) for pair in zip(*(number[part]["histogram"] for part in ("train", "test")), strict=True)]
    filled = [place for place, count in enumerate(both) if count] or [0, len(both) - 1]
    return edges[filled[0]], edges[filled[-1] + 1]


def _value(value: float, width: float) -> str:
    """A value on an axis of that width, with as few digits as distinguish its ends."""
    decimals = max(0, 2 - math.floor(math.log10(width)))
    if abs(value) >= LONG or decimals > 6:
        return f"{value:.3g}"
    return f"{round(value, decimals) + 0.0:.{decimals}f}"  # no -0.00
