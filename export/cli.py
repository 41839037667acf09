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
    """Write a student as model files and as one bundle, and compare each engine with torch.

    The student has int8 or int4 weights, or float ones. model-card.md describes the bundle; with the rivals of
    `edge run` as one more --parent, it compares the model with them. Exit code 1: an engine is not as near torch on
    test requests as the settings `parity` ask; the bundle is written all the same.
    """
    from cloud.data.prepare import STAGE as PREPARED
    from cloud.rivals.stage import STAGE as RIVALS
    from cloud.runs.directory import Run, parent
    from edge.config import override, preset
    from export.report import parity_failures
    from export.settings import RANKER_EXPORTS
    from export.stage import SOURCES, bundle_of, export_ranker

    config = override(preset(RANKER_EXPORTS, preset_name), changes)
    runs = [Run.open(path) for path in parents]
    rivals = parent(runs, RIVALS) if any(run.stage == RIVALS.name for run in runs) else None
    run = export_ranker(parent(runs, PREPARED), parent(runs, *SOURCES), out, config, restart, rivals)
    click.echo((run.path / "report.md").read_text())
    click.echo(f"bundle: {bundle_of(run)}")
    click.get_current_context().exit(1 if parity_failures(run.summary) else 0)
