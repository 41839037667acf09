"""The report's pictures: quality, bytes and latency, each against what it depends on."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from edge.bench.outputs.page import Picture
from edge.bundle.bundle import open_bundle
from edge.files import read_lines
from edge.inspect.picture import picture
from pipeline.road import Runs
from pipeline.tokens.results import rivals

COLOURS = {
    "student": "#8888aa",
    "pruned": "#cc8844",
    "int8": "#338855",
    "litert": "#2266cc",
    "onnx": "#aa3377",
}


def draw_plots(runs: Runs, bundle: Path) -> list[Picture]:
    return [
        _plot("auc", "AUC against exit depth, test split", runs, _auc),
        _plot("bytes", "Bytes per stage, logarithmic", runs, _bytes),
        _plot(
            "latency",
            "Median milliseconds per request against exit depth, this machine, one thread",
            runs,
            _latency,
        ),
        Picture("download", "Where the bundle's bytes are", "svg+xml", picture(open_bundle(bundle)).encode()),
        _plot("training", "Training loss of each phase", runs, _training),
    ]


def _plot(name: str, caption: str, runs: Runs, draw: Callable[[Any, Runs], None]) -> Picture:
    figure = Figure(figsize=(7.5, 4.2), dpi=110)  # not pyplot's, which would choose a backend for the whole process
    axes = figure.subplots()
    draw(axes, runs)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    figure.tight_layout()
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return Picture(name, caption, "png", buffer.getvalue())


def _auc(axes: Any, runs: Runs) -> None:
    teacher = max(runs["teacher"].summary["quality"]["test"]["prefix"].values(), key=lambda row: row["auc"])["auc"]
    lines = {"teacher": teacher} | _compared(runs)
    for (name, value), style in zip(lines.items(), ("-", "--", "-.", ":", (0, (1, 4))), strict=False):
        axes.axhline(value, color="#555", linestyle=style, linewidth=1, label=f"{name} {value:.3f}")
    for name in ("student", "pruned", "int8"):
        for plan, marker in (("prefix", "o-"), ("segments", "s--")):
            exits = runs[name].summary["quality"]["test"].get(plan)
            if not exits:
                continue  # not measured
            depths = sorted(map(int, exits))
            aucs = [exits[str(depth)]["auc"] for depth in depths]
            axes.plot(depths, aucs, marker, color=COLOURS[name], label=f"{name}, {plan}", markersize=4)
    axes.set_xlabel("exit depth")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel("AUC")
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def _compared(runs: Runs) -> dict[str, float]:
    """The AUC of what is known best, and of the best of all rivals; more lines could not be told apart."""
    measured = {name: figures["auc"] for name, figures in rivals(runs).items() if figures["auc"] is not None}
    best = max(measured, key=lambda name: measured[name], default="")
    return {name: value for name, value in measured.items() if name in ("item mean", "item+user bias", best)}


def _bytes(axes: Any, runs: Runs) -> None:
    bars = {
        name: (runs[name].path / "weights.safetensors").stat().st_size
        for name in ("teacher", "student", "pruned", "int8")
    }
    for engine, sizes in runs["export"].summary["sizes"].items():
        bars |= {f"{engine} installed": sizes["installed"], f"{engine} download": sizes["download"]}
    positions = range(len(bars))
    axes.barh(positions, bars.values(), color="#2266cc")
    axes.set_yticks(positions, bars.keys())
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlabel("bytes")
    for position, size in zip(positions, bars.values(), strict=True):
        axes.text(size, position, f" {size / 1e6:.2f} MB", va="center", fontsize=8)


def _latency(axes: Any, runs: Runs) -> None:
    for engine, timing in runs["export"].summary["timing"].items():
        depths = [times["depth"] for times in timing["exits"]]
        for kind, style in (("new_user", "o-"), ("kept_user", "o--")):
            times = [exit[kind]["p50"] for exit in timing["exits"]]
            axes.plot(depths, times, style, color=COLOURS[engine], label=f"{engine}, {kind.replace('_', ' ')}")
    axes.set_xlabel("exit depth")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel("milliseconds")
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=8)


def _training(axes: Any, runs: Runs) -> None:
    for stage in (runs["teacher"], runs["student"], runs["pruned"]):
        phases: dict[str, list[tuple[int, float]]] = {}
        for line in read_lines(stage.file("metrics.jsonl")):
            row = json.loads(line)
            phases.setdefault(row["phase"], []).append((row["step"], row["loss"]))
        for phase, points in phases.items():
            steps, losses = zip(*points, strict=True)
            axes.plot(steps, losses, label=f"{stage.stage}: {phase}", linewidth=1)
    axes.set_xlabel("step")
    axes.set_ylabel("loss")
    axes.set_yscale("log")
    axes.legend(fontsize=8)
