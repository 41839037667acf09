"""Quality of the models beside their rivals: by stage, by exit, and the difference from each rival."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from cloud.ranking.best_exit import Exits, by_exit
from cloud.rivals.written import three
from edge.pages.drawing import COLOURS, INK, QUIET, WIDTH, apart, drawable, picture
from edge.pages.picture import Picture
from edge.pages.ranges import Range, range_figure
from pipeline.results import MODELS, Results
from pipeline.verdict import METRICS

STAGES = {"teacher": "teacher", "student": "student", "pruned": "pruned", "int8": "int8"}
NEAR = 0.03  # of the worst stage: weaker rivals would set the scale, and are counted instead
MOST_LINES = 6  # rivals that are drawn
LABEL = 0.085  # of the height that a label of two lines takes
MOST_RANGES = 8  # rivals whose differences are drawn: those far below would set the scale


def stage_picture(results: Results, metric: str) -> Picture:
    """The metric of each stage at its best exit, and of the rivals that come near."""
    values = {row["name"]: row[metric] for row in results.rows if row["name"] in MODELS}
    drawn, left_out = near_rivals(results.rivals, metric, [value for value in values.values() if value is not None])
    figure = Figure(figsize=(WIDTH, 3.3), layout="constrained")
    axes = figure.subplots()
    heights = [math.nan if value is None else value for value in values.values()]
    axes.plot(range(len(heights)), heights, "o-", color=COLOURS[0], linewidth=2, zorder=3)
    for place, height in ((place, height) for place, height in enumerate(heights) if not math.isnan(height)):
        offset: dict[str, Any] = {"xytext": (0, 6), "textcoords": "offset points", "ha": "center"}
        axes.annotate(three(height), (place, height), color=COLOURS[0], fontweight="bold", zorder=4, **offset)
    axes.set_xlim(-0.4, len(heights) - 1 + 0.4)
    axes.margins(y=0.12)
    draw_lines(axes, drawn)
    axes.set_xticks(range(len(heights)), list(STAGES.values()))
    axes.set_ylabel(METRICS[metric])
    what = METRICS[metric]
    caption = (
        f"{what[:1].upper()}{what[1:]} of test rows, at each stage's best exit on validation rows. Lines are rivals."
    )
    if left_out:
        caption += f" Not drawn: {left_out} weaker rival{'s' * (left_out > 1)}."
    return picture(metric, f"What does each stage cost in {what}, and what do rivals reach?", caption, figure)


def near_rivals(
    rivals: Mapping[str, Mapping[str, Any]], metric: str, models: list[float]
) -> tuple[dict[str, float], int]:
    """The strongest rivals that are not far below all models, and how many others there are."""
    known = {name: figures[metric] for name, figures in rivals.items() if figures[metric] is not None}
    best_first = sorted(known, key=lambda name: -known[name])
    near = [name for name in best_first if known[name] >= min(models, default=0.0) - NEAR] or best_first[:1]
    return {name: known[name] for name in near[:MOST_LINES]}, len(known) - len(near[:MOST_LINES])


def draw_lines(axes: Any, values: Mapping[str, float], named: bool = True) -> None:
    """Horizontal lines with their names to the right of the axes, moved apart where they would overlap."""
    for value in values.values():
        axes.axhline(value, color=QUIET, linewidth=1)
    if not named:
        return
    low, high = axes.get_ylim()
    places = [(value - low) / (high - low) for value in values.values()]
    for (name, value), place, label in zip(values.items(), places, apart(places, LABEL), strict=True):
        text = f"{drawable(name, 38).replace(' with ', chr(10) + 'with ')} {three(value)}"
        axes.annotate(text, (1, place), (1.04, label), xycoords="axes fraction", textcoords="axes fraction",
                      fontsize=7.5, va="center", color=INK, linespacing=0.95,
                      arrowprops={"arrowstyle": "-", "color": QUIET, "linewidth": 0.6})  # fmt: skip


def rivals_picture(results: Results) -> Picture:
    """The last model less each rival."""
    last = results.verdict.last
    against = sorted(last.against, key=lambda each: each.differences["auc"].value)[:MOST_RANGES]

    def ranges(metric: str) -> list[Range]:
        found = [each.differences[metric] for each in against]
        return [(one.value, one.low, one.high) for one in found]

    names = [each.rival for each in against]
    figure, axes = range_figure(names, {METRICS[metric]: ranges(metric) for metric in METRICS})
    axes.axvline(0, color=INK, linewidth=1)
    axes.set_xlabel(f"{last.name} minus rival")
    caption = (
        f"The {len(against)} strongest rivals by AUC. To the right of 0 the {last.name} is better. A bar is "
        "the 95 % interval of the difference, over users; if it covers 0, the two do not differ significantly."
    )
    return picture("rivals", "Is the int8 student better than each rival?", caption, figure)


def exit_picture(results: Results) -> Picture:
    """AUC of each exit; the runs measure no time, which `edge-bench run` does."""
    figure = Figure(figsize=(WIDTH, 3.0), layout="constrained")
    axes, labels = figure.subplots(), list[str]()
    for turn, (step, name) in enumerate(MODELS.items()):
        exits = exits_of(results.runs[step].summary["quality"]["test"])
        labels = list(exits) if len(exits) > len(labels) else labels
        style: dict[str, Any] = {"linewidth": 5, "alpha": 0.4} if step == "pruned" else {}  # int8 mostly lies on it
        axes.plot(range(len(exits)), list(exits.values()), "o-", color=COLOURS[turn], markersize=4, label=name, **style)
    if results.best_rival:
        best = results.rivals[results.best_rival]["auc"]
        axes.axhline(best, color=QUIET, linewidth=1, label=f"{drawable(results.best_rival, 38)} {three(best)}")
    axes.set_xticks(range(len(labels)), labels)
    axes.set_xlabel("exit: encode depth / interact depth")
    axes.set_ylabel("AUC")
    figure.legend(loc="outside upper left", ncols=2)
    caption = (
        "AUC of test rows at each depth at which a model can stop. A deeper exit takes more time: how "
        "many milliseconds, edge-bench run measures."
    )
    return picture("exits", "What quality does each exit give?", caption, figure)


def exits_of(quality: Exits, metric: str = "auc") -> dict[str, float]:
    """ "encode/interact" -> figure, the deepest last."""
    found = by_exit(quality, metric)
    return {
        f"{encode}/{depth}": math.nan if value is None else value for (encode, depth), value in sorted(found.items())
    }
