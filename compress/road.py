"""One table of all steps of a ranking model: weights, bytes and quality at every exit."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloud.checkpoint import WEIGHTS
from cloud.ranking.best_exit import Quality, best_exit, best_figures, encode_depth
from cloud.runs.directory import Run
from compress.weight_bytes import weight_bytes
from edge.pages.table import figure

HEADINGS = ("step", "weights", "not zero", "download", "file", "exit", "AUC", "per-user AUC", "kept")


@dataclass(frozen=True)
class Step:
    """A model on the road. `quality`: split -> encode depth -> interact depth -> figures."""

    name: str
    parameters: int
    nonzero: int
    download: int  # bytes of the weights alone, compressed as a bundle would
    installed: int
    quality: Quality

    @property
    def best(self) -> Mapping[str, Any]:
        """The figures of test rows at the exit that is best on validation rows."""
        return best_figures(self.quality)


def step_of(name: str, summary: Mapping[str, Any], weights: Path) -> Step:
    """From what a stage found and the file of weights it wrote, finished or not."""
    sizes = weight_bytes(weights)
    counts = (summary["parameters"], summary["nonzero"], sizes["download"], sizes["installed"])
    return Step(name, *counts, summary["quality"])


def road(runs: Sequence[Run]) -> list[Step]:
    """A step for each finished run, in their order: teacher, student, pruned, int8, int4, those that there are."""
    return [step_of(run.stage, run.summary, run.file(WEIGHTS)) for run in runs]


def kept_lift(step: Step, first: Step, metric: str = "auc") -> float:
    """Share of the first step's metric above .5 that a step keeps, both at their best exit; NaN where undefined."""
    before, now = first.best[metric], step.best[metric]
    if before is None or now is None or before == 0.5:
        return math.nan
    return float((now - 0.5) / (before - 0.5))


def road_table(steps: Sequence[Step]) -> str:
    """Markdown: a line per step and exit; "kept" is the share of the first step's AUC and per-user AUC above .5."""
    rows = [HEADINGS, tuple("---" for _ in HEADINGS), *(line for step in steps for line in _lines(step, steps[0]))]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in rows)


def _lines(step: Step, first: Step) -> Iterator[tuple[str, ...]]:
    """The sizes stand before a step's first exit, what is kept behind its best."""
    sizes = (step.name, *(f"{count:,}" for count in (step.parameters, step.nonzero, step.download, step.installed)))
    test, best = step.quality["test"], best_exit(step.quality)
    exits = [(encode, depth) for encode in test for depth in test[encode]]
    for place, (encode, depth) in enumerate(exits):
        figures = test[encode][depth]
        quality = (figure(figures[key]) for key in ("auc", "user_auc"))
        shares = (kept_lift(step, first, key) for key in ("auc", "user_auc"))
        kept = " / ".join("-" if math.isnan(share) else f"{100 * share:.1f} %" for share in shares)
        before = sizes if place == 0 else ("",) * len(sizes)
        behind = kept if (encode_depth(encode), int(depth)) == best else ""
        yield *before, f"{encode}, interact {depth}", *quality, behind
