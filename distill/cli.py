"""`edge distill`: the student, from prepared data and a teacher."""

from __future__ import annotations

from pathlib import Path

import click

from cloud.cli import stage
from edge.cli.command import command


@command(
    examples="""edge distill --parent runs/data --parent runs/teacher --out runs/student
                edge distill --parent runs/data --parent runs/teacher --out runs/student --set passes.scores=2"""
)
@stage
def distill(parents: tuple[Path, ...], out: Path, preset_name: str, changes: tuple[str, ...], restart: bool) -> None:
    """Distil a teacher into a small student with one shared layer.

    The student has an exit at every pair of encode and interact depth. Presets: quickstart, lunch and m6-edge.
    """
    from cloud.data.prepare import STAGE as PREPARED
    from cloud.ranking.train import STAGE as TEACHER
    from cloud.runs.directory import Run, parent
    from distill.student import RANKING_STUDENTS, train_ranking_student
    from edge.config import override, preset

    runs = [Run.open(path) for path in parents]
    config = override(preset(RANKING_STUDENTS, preset_name), changes)
    run = train_ranking_student(parent(runs, PREPARED), parent(runs, TEACHER), out, config, restart)
    click.echo((run.path / "report.md").read_text())
