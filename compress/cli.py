"""`edge compress`: pruning and integer weights, from prepared data, a teacher and a student."""

from __future__ import annotations

from pathlib import Path

import click

from cloud.cli import DEFAULT_PRESET, stage
from edge.cli.command import command


@command(
    examples="""edge compress --to pruned --parent r/data --parent r/teacher --parent r/student --out r/pruned
                edge compress --to int8 --parent r/data --parent r/pruned --out r/int8"""
)
@click.option("--to", type=click.Choice(("pruned", "int8", "int4")), required=True, help="what the weights become")
@stage
def compress(
    to: str, parents: tuple[Path, ...], out: Path, preset_name: str, changes: tuple[str, ...], restart: bool
) -> None:
    """Prune a student while it trains on, or give it int8 or int4 weights; quality is measured after each."""
    from cloud.data.prepare import STAGE as PREPARED
    from cloud.runs.directory import Run, parent
    from cloud.teacher import STAGE as TEACHER
    from compress.pruned import PRUNINGS, prune_student
    from compress.pruned import STAGE as PRUNED
    from compress.quantised import quantise_student
    from distill.student import STAGE as STUDENT
    from edge.config import override, preset
    from edge.errors import EdgeError

    runs = [Run.open(path) for path in parents]
    prepared = parent(runs, PREPARED)
    if to == "pruned":
        config = override(preset(PRUNINGS, preset_name), changes)
        teacher, student = parent(runs, TEACHER), parent(runs, STUDENT)
        run = prune_student(prepared, teacher, student, out, config, restart)
    elif changes or preset_name != DEFAULT_PRESET:
        raise EdgeError(f"--to {to} has no settings", fix="leave --set and --preset out")
    else:
        run = quantise_student(prepared, parent(runs, PRUNED, STUDENT), out, to, restart)
    click.echo((run.path / "report.md").read_text())
