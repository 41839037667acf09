"""`edge distill`: the student, from prepared data and a teacher."""

from __future__ import annotations

import argparse

from cloud.cli import stage_arguments
from edge.cli.command import Command


def _distill(arguments: argparse.Namespace) -> int:
    from cloud.runs import Run, parent
    from distill.student import STUDENTS, train_student
    from edge.config import override, preset

    runs = [Run.open(path) for path in arguments.parent]
    config = override(preset(STUDENTS, arguments.preset), arguments.set)
    run = train_student(parent(runs, "prepare"), parent(runs, "teacher"), arguments.out, config)
    print((run.path / "report.md").read_text())
    return 0


distill = Command(
    summary="Distil a teacher into a student of one shared layer with an exit at every depth.",
    examples="""edge distill --parent runs/data --parent runs/teacher --out runs/student
                edge distill --parent runs/data --parent runs/teacher --out runs/student --set model.layers=8""",
    arguments=stage_arguments,
    run=_distill,
)
