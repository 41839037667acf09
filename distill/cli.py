"""`edge distill`: the student, from prepared data and a teacher."""

from __future__ import annotations

from pathlib import Path

import click

from cloud.cli import stage
from edge.cli.command import command


@command(
    examples="""edge distill --parent runs/data --parent runs/teacher --out runs/student
                edge distill --parent runs/data --parent runs/teacher --out runs/student --set model.layers=8
                edge distill --parent runs/data --parent runs/ranker --out runs/student --set passes.scores=2"""
)
@stage
def distill(parents: tuple[Path, ...], out: Path, preset_name: str, changes: tuple[str, ...], restart: bool) -> None:
    """Distil a teacher into a student of one shared layer with an exit at every depth.

    The student is of the teacher's kind: the ranking model over entries (presets quickstart, lunch, m6-edge), or the
    model over tokens (quickstart, m6-edge).
    """
    from cloud.data.prepare import STAGE as PREPARED
    from cloud.ranking.train import STAGE as RANKER
    from cloud.runs.directory import Run, parent
    from cloud.teacher import STAGE as TEACHER
    from distill.ranking.student import RANKING_STUDENTS, train_ranking_student
    from distill.student import STUDENTS, train_student
    from edge.config import override, preset

    runs = [Run.open(path) for path in parents]
    prepared, teacher = parent(runs, PREPARED), parent(runs, TEACHER, RANKER)
    if teacher.stage == RANKER.name:
        ranking = override(preset(RANKING_STUDENTS, preset_name, "a student of the ranking model"), changes)
        run = train_ranking_student(prepared, teacher, out, ranking, restart)
    else:
        tokens = override(preset(STUDENTS, preset_name, "a student of the model over tokens"), changes)
        run = train_student(prepared, teacher, out, tokens, restart)
    click.echo((run.path / "report.md").read_text())
