"""The report's pictures: quality against exit and history, bytes, probabilities, training. Narrow, for phones.

Equal figures give equal bytes.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from matplotlib import style
from matplotlib.figure import Figure as Drawing

from cloud.ranking.kept_scores import RELIABILITY
from edge.bench.outputs.page import Picture
from edge.bench.plots import BASELINE
from edge.bench.plots import COLOURS as PALETTE
from edge.bench.plots import STYLE as BENCH_STYLE
from edge.files import read_lines
from pipeline.results import MODELS, Results

STYLE = BENCH_STYLE | {"svg.hashsalt": "edge-run"}  # else ids in the file are random
WIDTH, HEIGHT = 4.7, 3.6  # inches: 451 of a browser's points across
PANEL = 1.6  # inches that a row of two panels takes
COLOURS = dict(zip(MODELS, PALETTE, strict=False))
LINES: dict[str, dict[str, Any]] = {  # int8 mostly lies on what was pruned, so that is drawn wider
    "student": {"markersize": 4},
    "pruned": {"markersize": 8, "linewidth": 4, "alpha": 0.5},
    "int8": {"markersize": 3},
}
RIVAL = "#555555"
DASHES = ("--", "-.", ":")
KNOWN = ("item+user bias", "LightGBM")  # lines beside that of the metric's best rival; weaker ones flatten the exits
METRICS = {"auc": "AUC", "user_auc": "per-user AUC"}


def draw_plots(results: Results) -> list[Picture]:
    """Those that there are figures for."""
    found = [
        _picture(metric, f"{name} of test rows against exit; grey lines are rivals", results, _against_exit(metric))
        for metric, name in METRICS.items()
    ]
    found.append(_picture("bytes", "Bytes of the weights alone, logarithmic", results, _bytes))
    caption = "AUC by how many earlier events a test row looks back on, with the interval of 95 of 100 draws of users"
    found.append(_picture("history", caption, results, _history))
    found += _reliability(results)
    found.append(_training(results))
    return found


def _picture(name: str, caption: str, results: Results, draw: Callable[[Any, Results], None]) -> Picture:
    with style.context(["default", STYLE]):  # whatever the user's own configuration says
        drawing = Drawing(figsize=(WIDTH, HEIGHT), layout="constrained")
        axes = drawing.subplots()
        draw(axes, results)
        handles, labels = axes.get_legend_handles_labels()
        if labels:
            drawing.legend(handles, labels, loc="outside upper left", ncols=2, fontsize=8)
        return Picture(name, caption, "svg+xml", _svg(drawing))


def _svg(drawing: Any) -> bytes:
    drawn = io.BytesIO()
    drawing.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
    return drawn.getvalue()


def _against_exit(metric: str) -> Callable[[Any, Results], None]:
    def draw(axes: Any, results: Results) -> None:
        labels: list[str] = []
        for step, name in MODELS.items():
            exits = _exits(results.runs[step].summary["quality"]["test"], metric)
            if step == "teacher":
                deepest = list(exits.values())[-1]
                axes.axhline(deepest, color=COLOURS[step], linewidth=1.5, label=f"teacher, deepest exit {deepest:.3f}")
                continue
            labels = list(exits) if len(exits) > len(labels) else labels
            axes.plot(range(len(exits)), list(exits.values()), "o-", color=COLOURS[step], **LINES[step], label=name)
        values = {name: figures[metric] for name, figures in results.rivals.items() if figures[metric] is not None}
        best = max(values, key=lambda name: values[name], default="")
        lines = {name: values[name] for name in (*KNOWN, best) if name in values}
        for (name, value), dash in zip(lines.items(), DASHES, strict=False):
            axes.axhline(value, color=RIVAL, linestyle=dash, linewidth=1, label=f"{name} {value:.3f}")
        axes.set_xticks(range(len(labels)), labels)
        axes.set_xlabel("exit: encode depth / interact depth")
        axes.set_ylabel(METRICS[metric])

    return draw


def _exits(quality: Mapping[str, Mapping[str, Mapping[str, Any]]], metric: str) -> dict[str, float]:
    """ "encode / interact" -> figure, the deepest last."""
    found = {
        (int(encode.rpartition(" ")[2]), int(depth)): figures[metric]
        for encode, exits in quality.items()
        for depth, figures in exits.items()
    }
    return {
        f"{encode} / {depth}": np.nan if value is None else value for (encode, depth), value in sorted(found.items())
    }


def _bytes(axes: Any, results: Results) -> None:
    sizes = {step.name: (step.download, step.installed) for step in results.steps}
    places = np.arange(len(sizes))
    for turn, (label, alpha) in enumerate((("download", 1.0), ("file", 0.4))):
        values = [both[turn] for both in sizes.values()]
        axes.barh(places + 0.4 * turn - 0.2, values, 0.38, color=PALETTE[0], alpha=alpha, label=label)
        for place, size in zip(places, values, strict=True):
            axes.text(size, place + 0.4 * turn - 0.2, f" {size / 1e6:.2f} MB", va="center", fontsize=8)
    axes.set_yticks(places, list(sizes))
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlim(right=4 * max(max(both) for both in sizes.values()))
    axes.xaxis.set_major_formatter(lambda value, place: f"{value / 1e6:g} MB")
    axes.minorticks_off()


def _history(axes: Any, results: Results) -> None:
    bins = results.by_history
    names = list(dict.fromkeys(name for figures in bins.values() for name in figures))
    for turn, name in enumerate(names):
        colour = COLOURS["int8"] if name == MODELS["int8"] else RIVAL
        places = np.arange(len(bins)) + 0.1 * turn
        found = [figures[name] for figures in bins.values()]
        axes.vlines(places, [one.low for one in found], [one.high for one in found], color=colour, alpha=0.5)
        axes.plot(places, [one.value for one in found], "o-", color=colour, markersize=4, label=name)
    axes.axhline(0.5, color=BASELINE, linewidth=0.8)
    axes.set_xticks(range(len(bins)), list(bins))
    axes.set_xlabel("earlier events")
    axes.set_ylabel("AUC")


def _reliability(results: Results) -> list[Picture]:
    """As the stage int8 drew it; none where scores are ranks."""
    run = results.runs["int8"]
    if RELIABILITY not in run.manifest["files"]:
        return []
    caption = "How often test rows of a predicted probability were liked, int8 student, before and after calibration"
    return [Picture("reliability", caption, "svg+xml", run.file(RELIABILITY).read_bytes())]


def _training(results: Results) -> Picture:
    """A panel for each phase of each stage: their losses are of different kinds."""
    curves: dict[str, tuple[list[int], list[float]]] = {}
    for step in ("teacher", "student", "pruned"):
        for line in read_lines(results.runs[step].file("metrics.jsonl")):
            row = json.loads(line)
            steps, losses = curves.setdefault(f"{step}: {row['phase']}", ([], []))
            steps.append(row["step"])
            losses.append(row["loss"])
    with style.context(["default", STYLE]):
        down = max(1, -(-len(curves) // 2))
        drawing = Drawing(figsize=(WIDTH, PANEL * down), layout="constrained")
        panels = list(drawing.subplots(down, 2, squeeze=False).flat)
        for axes, (title, (steps, losses)) in zip(panels, curves.items(), strict=False):
            axes.plot(steps, losses, color=COLOURS[title.partition(":")[0]], linewidth=1)
            axes.set_title(title, fontsize=9, loc="left", pad=3)
        for axes in panels[len(curves) :]:
            axes.set_axis_off()
        return Picture("training", "Training loss of each phase against its steps", "svg+xml", _svg(drawing))
