"""`edge compress`: pruning and integer weights, from prepared data, a teacher and a student."""

from __future__ import annotations

import argparse

from cloud.cli import stage_arguments
from edge.cli.command import Command


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--to", choices=("pruned", "int8", "int4"), required=True, help="what the weights become")
    stage_arguments(parser)


def _compress(arguments: argparse.Namespace) -> int:
    from cloud.runs import Run, parent
    from compress.pruned import PRUNINGS, prune_student
    from compress.quantised import quantise_student
    from edge.config import override, preset
    from edge.errors import EdgeError

    runs = [Run.open(path) for path in arguments.parent]
    prepared = parent(runs, "prepare")
    if arguments.to == "pruned":
        config = override(preset(PRUNINGS, arguments.preset), arguments.set)
        teacher, student = parent(runs, "teacher"), parent(runs, "student")
        run = prune_student(prepared, teacher, student, arguments.out, config)
    elif arguments.set:
        raise EdgeError(f"--to {arguments.to} has no settings", fix="leave --set out")
    else:
        run = quantise_student(prepared, parent(runs, "pruned", "student"), arguments.out, arguments.to)
    print((run.path / "report.md").read_text())
    return 0


compress = Command(
    summary="Prune a student while it trains on, or give it int8 or int4 weights; quality is measured after each.",
    examples="""edge compress --to pruned --parent r/data --parent r/teacher --parent r/student --out r/pruned
                edge compress --to int8 --parent r/data --parent r/pruned --out r/int8""",
    arguments=_arguments,
    run=_compress,
)
