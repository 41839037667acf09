"""`edge export`: model files and the bundle."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cloud.cli import stage
from edge.cli.command import command

if TYPE_CHECKING:
    from cloud.runs.directory import Run


@command(
    examples="""edge export --parent runs/data --parent runs/int8 --out runs/export
                edge export --parent runs/data --parent runs/int8 --out runs/export --set name=books"""
)
@stage
def export(parents: tuple[Path, ...], out: Path, preset_name: str, changes: tuple[str, ...], restart: bool) -> None:
    """Write a compressed student as model files and as one bundle, and compare each engine with torch.

    Exit code 1: an engine is not as near torch on test requests as `parity` asks; the bundle is written all the same.
    The student is of its parent's kind: the ranking model over entries, also a float one; or the model over tokens.
    """
    from cloud.runs.directory import Run
    from export.ranking.stage import SOURCES

    runs = [Run.open(path) for path in parents]
    over_entries = {run.stage for run in runs} & {stage.name for stage in SOURCES}
    run, name = (_ranker if over_entries else _encoder)(runs, out, preset_name, changes, restart)
    click.echo((run.path / "report.md").read_text())
    click.echo(f"bundle: {run.path / name}.edge")
    click.get_current_context().exit(1 if over_entries and _is_apart(run) else 0)


def _is_apart(run: Run) -> bool:
    from export.ranking.report import parity_failures

    return bool(parity_failures(run.summary))


def _encoder(
    runs: Sequence[Run], out: Path, preset_name: str, changes: tuple[str, ...], restart: bool
) -> tuple[Run, str]:
    """Of the model over tokens: the run, and the bundle's name."""
    from cloud.data.prepare import STAGE as PREPARED
    from cloud.runs.directory import parent
    from compress.quantised import STAGES as QUANTISED
    from edge.config import override, preset
    from export.student import EXPORTS, export_student

    config = override(preset(EXPORTS, preset_name), changes)
    run = export_student(parent(runs, PREPARED), parent(runs, *QUANTISED.values()), out, config, restart)
    return run, config.name


def _ranker(
    runs: Sequence[Run], out: Path, preset_name: str, changes: tuple[str, ...], restart: bool
) -> tuple[Run, str]:
    """Of the model over entries: the run, and the bundle's name."""
    from cloud.data.prepare import STAGE as PREPARED
    from cloud.runs.directory import parent
    from edge.config import override, preset
    from export.ranking.settings import RANKER_EXPORTS
    from export.ranking.stage import SOURCES, export_ranker

    config = override(preset(RANKER_EXPORTS, preset_name), changes)
    run = export_ranker(parent(runs, PREPARED), parent(runs, *SOURCES), out, config, restart)
    return run, config.name
