"""Training curves: a panel for each phase of each stage, as their losses are of different kinds."""

from __future__ import annotations

import json

from matplotlib.figure import Figure

from edge.files import read_lines
from edge.pages.drawing import COLOURS, WIDTH, picture
from edge.pages.picture import Picture
from pipeline.results import Results

PANEL = 1.9  # inches that a row of two panels takes
STEPS = ("teacher", "student", "pruned")
UNITS = {  # of the losses that are not cross-entropies alone
    "summaries": "loss, no unit",  # squared error and cosine distance of texts' vectors
    "texts": "loss, no unit",
    "relations": "loss, nats",
    "scores": "loss, nats + error",  # with the squared error of the factors
    "prune": "loss, nats + error",
}
CAPTION = (
    "Training loss against steps of the optimiser. Cross-entropies and divergences are in nats; summaries and texts "
    "are squared error and cosine distance of vectors; scores and prune add the squared error of factors. The panels "
    "cannot be compared with each other."
)


def training_picture(results: Results) -> Picture:
    curves = _curves(results)
    down = max(1, -(-len(curves) // 2))
    figure = Figure(figsize=(WIDTH, PANEL * down), layout="constrained")
    panels = list(figure.subplots(down, 2, squeeze=False).flat)
    for axes, ((step, phase), (steps, losses)) in zip(panels, curves.items(), strict=False):
        axes.plot(steps, losses, color=COLOURS[STEPS.index(step)], linewidth=1.2)
        axes.set_title(f"{step}: {phase}")
        axes.set_xlabel("step", fontsize=8)
        axes.set_ylabel(UNITS.get(phase, "loss, nats"), fontsize=8)
    for axes in panels[len(curves) :]:
        axes.set_axis_off()
    return picture("training", "Has the training loss of each phase levelled off?", CAPTION, figure)


def _curves(results: Results) -> dict[tuple[str, str], tuple[list[int], list[float]]]:
    """(step, phase) -> steps and losses."""
    curves: dict[tuple[str, str], tuple[list[int], list[float]]] = {}
    for step in STEPS:
        for line in read_lines(results.runs[step].file("metrics.jsonl")):
            row = json.loads(line)
            steps, losses = curves.setdefault((step, row["phase"]), ([], []))
            steps.append(row["step"])
            losses.append(row["loss"])
    return curves
