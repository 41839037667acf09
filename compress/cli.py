"""`edge compress`: pruning and integer weights, from prepared data, a teacher and a student."""

from __future__ import annotations

from pathlib import Path

import click

from cloud.cli import stage
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
    from cloud.runs import Run, parent
    from compress.pruned import PRUNINGS, prune_student
    from compress.quantised import quantise_student
    from edge.config import override, preset
    from edge.errors import EdgeError

    runs = [Run.open(path) for path in parents]
    prepared = parent(runs, "prepare")
    if to == "pruned":
        config = override(preset(PRUNINGS, preset_name), changes)
        teacher, student = parent(runs, "teacher"), parent(runs, "student")
        run = prune_student(prepared, teacher, student, out, config, restart)
    elif changes:
        raise EdgeError(f"--to {to} has no settings", fix="leave --set out")
    else:
        run = quantise_student(prepared, parent(runs, "pruned", "student"), out, to, restart)
    click.echo((run.path / "report.md").read_text())
