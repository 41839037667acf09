"""`edge export`: model files and the bundle."""

from __future__ import annotations

import argparse

from cloud.cli import stage_arguments
from edge.cli.command import Command


def _export(arguments: argparse.Namespace) -> int:
    from cloud.runs import Run, parent
    from edge.config import override, preset
    from export.student import EXPORTS, export_student

    runs = [Run.open(path) for path in arguments.parent]
    config = override(preset(EXPORTS, arguments.preset), arguments.set)
    run = export_student(parent(runs, "prepare"), parent(runs, "int8", "int4"), arguments.out, config)
    print((run.path / "report.md").read_text())
    print(f"bundle: {run.path / config.name}.edge")
    return 0


export = Command(
    summary="Write an int8 student as LiteRT, ONNX and Core ML files and as one bundle, held to torch.",
    examples="""edge export --parent runs/data --parent runs/int8 --out runs/export
                edge export --parent runs/data --parent runs/int8 --out runs/export --set name=books""",
    arguments=stage_arguments,
    run=_export,
)
