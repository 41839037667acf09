"""One table over the road of a ranking model: weights, bytes and quality at every exit, step by step."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloud.checkpoint import WEIGHTS
from cloud.runs.directory import Run
from compress.weight_bytes import weight_bytes
from edge.pages.table import figure

HEADINGS = ("step", "weights", "not zero", "download", "file", "exit", "AUC", "per-user AUC", "kept")


@dataclass(frozen=True)
class Step:
    """A model on the road. `quality`: encode depth -> interact depth -> figures of the test rows."""

    name: str
    parameters: int
    nonzero: int
    download: int  # bytes of the weights alone, compressed as a bundle would
    installed: int
    quality: Mapping[str, Mapping[str, Mapping[str, Any]]]

    @property
    def deepest(self) -> Mapping[str, Any]:
        """The figures of the exit that everything is computed for."""
        exits = self.quality[max(self.quality, key=_number)]
        return exits[max(exits, key=int)]


def step_of(name: str, summary: Mapping[str, Any], weights: Path) -> Step:
    """From what a stage found and the file of weights it wrote, finished or not."""
    sizes, quality = weight_bytes(weights), summary["quality"]["test"]
    return Step(name, summary["parameters"], summary["nonzero"], sizes["download"], sizes["installed"], quality)


def road(runs: Sequence[Run]) -> list[Step]:
    """A step for each finished run, in their order: teacher, student, pruned, int8, int4, those that there are."""
    return [step_of(run.stage, run.summary, run.file(WEIGHTS)) for run in runs]


def kept_lift(step: Step, first: Step, metric: str = "auc") -> float:
    """Share of the first step's metric above .5 that a step keeps, both at their deepest exit; NaN where undefined."""
    before, now = first.deepest[metric], step.deepest[metric]
    if before is None or now is None or before == 0.5:
        return math.nan
    return float((now - 0.5) / (before - 0.5))


def road_table(steps: Sequence[Step]) -> str:
    """Markdown: a line per step and exit; "kept" is the share of the first step's AUC and per-user AUC above .5."""
    rows = [HEADINGS, tuple("---" for _ in HEADINGS), *(line for step in steps for line in _lines(step, steps[0]))]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in rows)


def _lines(step: Step, first: Step) -> Iterator[tuple[str, ...]]:
    """The sizes stand before a step's first exit, what is kept behind its last."""
    sizes = (step.name, *(f"{count:,}" for count in (step.parameters, step.nonzero, step.download, step.installed)))
    exits = [(encode, depth) for encode in step.quality for depth in step.quality[encode]]
    for place, (encode, depth) in enumerate(exits):
        figures = step.quality[encode][depth]
        quality = (figure(figures[key]) for key in ("auc", "user_auc"))
        shares = (kept_lift(step, first, key) for key in ("auc", "user_auc"))
        kept = " / ".join("-" if math.isnan(share) else f"{100 * share:.1f} %" for share in shares)
        before, behind = sizes if place == 0 else ("",) * len(sizes), kept if place == len(exits) - 1 else ""
        yield *before, f"{encode}, interact {depth}", *quality, behind


def _number(encode: str) -> int:
    return int(encode.rpartition(" ")[2])
