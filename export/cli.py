"""`edge export`: model files and the bundle."""

from __future__ import annotations

from pathlib import Path

import click

from cloud.cli import stage
from edge.cli.command import command


@command(
    examples="""edge export --parent runs/data --parent runs/int8 --out runs/export
                edge export --parent runs/data --parent runs/int8 --out runs/export --set name=books"""
)
@stage
def export(parents: tuple[Path, ...], out: Path, preset_name: str, changes: tuple[str, ...], restart: bool) -> None:
    """Write an int8 student as LiteRT, ONNX and Core ML files and as one bundle, and compare each with torch."""
    from cloud.data.prepare import STAGE as PREPARED
    from cloud.runs.directory import Run, parent
    from compress.quantised import STAGES as QUANTISED
    from edge.config import override, preset
    from export.student import EXPORTS, export_student

    runs = [Run.open(path) for path in parents]
    config = override(preset(EXPORTS, preset_name), changes)
    run = export_student(parent(runs, PREPARED), parent(runs, *QUANTISED.values()), out, config, restart)
    click.echo((run.path / "report.md").read_text())
    click.echo(f"bundle: {run.path / config.name}.edge")
