"""`edge train`: the teacher, from prepared data."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge.cli.command import Command


def stage_arguments(parser: argparse.ArgumentParser) -> None:
    """What every stage that reads runs and writes one takes."""
    parser.add_argument("--parent", action="append", type=Path, required=True, help="a finished run to read; repeat")
    parser.add_argument("--out", type=Path, required=True, help="the run directory to write")
    parser.add_argument("--preset", default="quickstart", help="named settings")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change one setting; repeat")


def _train(arguments: argparse.Namespace) -> int:
    from cloud.runs import Run, parent
    from cloud.teacher import TEACHERS, train_teacher
    from edge.config import override, preset

    runs = [Run.open(path) for path in arguments.parent]
    config = override(preset(TEACHERS, arguments.preset), arguments.set)
    run = train_teacher(parent(runs, "prepare"), arguments.out, config)
    print((run.path / "report.md").read_text())
    return 0


train = Command(
    summary="Train the full model: text infilling, then click prediction.",
    examples="""edge train --parent runs/data --out runs/teacher
                edge train --parent runs/data --out runs/teacher --set click.steps=800""",
    arguments=stage_arguments,
    run=_train,
)
