"""Stages "ranker-int8" and "ranker-int4": a ranking model with integer weights, and what the road to it cost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cloud.checkpoint import WEIGHTS
from cloud.data.rows import Prepared
from cloud.ranking.kept_scores import RANKING_FILES
from cloud.ranking.measure import complete_ranker, load_ranker
from cloud.ranking.train import STAGE as RANKER
from cloud.runs.directory import Run, Stage
from cloud.runs.target import Target
from cloud.stage import check_same_data
from compress.integers import quantise_ranker
from compress.parts import FLOAT
from compress.pruned import STAGE as PRUNED
from compress.road import road, road_table, step_of
from compress.windows import check_for_phones, timelines_of, windows_of
from distill.student import STAGE as STUDENT
from edge.files import write_atomically

BITS = {"ranker-int8": 8, "ranker-int4": 4}  # of a weight
STAGES = {name: Stage(name, 4, RANKING_FILES) for name in BITS}
SOURCES = (RANKER, STUDENT, PRUNED)  # stages whose models can become integers


def quantise_run(
    prepared: Run, source: Run, out: Path, stage: str = "ranker-int8", before: Sequence[Run] = (), restart: bool = False
) -> Run:
    """Quantise a ranking model, pruned or not, and measure it with integer weights and int8 activations.

    `before`: runs that led to the source, teacher first; the report shows them beside it.
    """
    check_same_data(prepared, source, *before)
    check_for_phones(source)
    facts = windows_of(source) | {
        "shape": source.config["shape"],
        "bits": BITS[stage],
        "weights": f"{stage.removeprefix('ranker-')} per row",
        "activations": "int8 per token or entry, dynamic",
        "float": list(FLOAT),
    }
    target = Target(out, STAGES[stage], [prepared, *before, source], {}, facts, restart)
    if not target.finished():
        with target.writing() as workspace:
            model = quantise_ranker(load_ranker(source), BITS[stage])
            complete_ranker(workspace, model, prepared, timelines_of(source, Prepared(prepared)), stage)
            steps = [*road([*before, source]), step_of(stage, workspace.summary, workspace.path / WEIGHTS)]
            report = (workspace.path / "report.md").read_text(encoding="utf-8")
            write_atomically(workspace.path / "report.md", f"{report}\n## The road\n\n{road_table(steps)}")
    return Run.open(out, stage)
