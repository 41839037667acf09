"""`edge compress`: pruning and integer weights, from prepared data, a teacher and a student."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cloud.cli import DEFAULT_PRESET, stage
from edge.cli.command import command

if TYPE_CHECKING:
    from cloud.runs.directory import Run, Stage


@command(
    examples="""edge compress --to pruned --parent r/data --parent r/teacher --parent r/student --out r/pruned
                edge compress --to int8 --parent r/data --parent r/pruned --out r/int8"""
)
@click.option(
    "--to", type=click.Choice(("pruned", "int8", "int4")), required=True, help="prune, or quantise to 8 or 4 bits"
)
@stage
def compress(
    to: str, parents: tuple[Path, ...], out: Path, preset_name: str, changes: tuple[str, ...], restart: bool
) -> None:
    """Prune a student, or quantise its weights to int8 or int4.

    Pruning continues training and has the presets quickstart, lunch and m6-edge. For int8 and int4 you can also pass
    the runs that led to the student as --parent; the report then compares all of them.
    """
    from edge.errors import EdgeError

    if to != "pruned" and (changes or preset_name != DEFAULT_PRESET):
        raise EdgeError(f"--to {to} has no settings", fix="leave out --set and --preset")
    run = _compressed(to, parents, out, preset_name, changes, restart)
    click.echo((run.path / "report.md").read_text())


def _compressed(
    to: str, parents: Sequence[Path], out: Path, preset_name: str, changes: tuple[str, ...], restart: bool
) -> Run:
    """Without a student, a "ranker" run is compressed itself."""
    from cloud.data.prepare import STAGE as PREPARED
    from cloud.ranking.train import STAGE as TEACHER
    from cloud.runs.directory import Run, parent
    from compress.pruned import RANKER_PRUNINGS, prune_ranker
    from compress.pruned import STAGE as PRUNED
    from compress.quantised import quantise_run
    from distill.student import STAGE as STUDENT
    from edge.config import override, preset

    runs = [Run.open(path) for path in parents]
    prepared, teacher = parent(runs, PREPARED), _if_given(runs, TEACHER)
    student = _if_given(runs, STUDENT)
    if to == "pruned":
        config = override(preset(RANKER_PRUNINGS, preset_name), changes)
        teacher = parent(runs, TEACHER)
        return prune_ranker(prepared, teacher, student or teacher, out, config, restart)
    *before, source = [run for run in (teacher, student, _if_given(runs, PRUNED)) if run] or [parent(runs, PRUNED)]
    return quantise_run(prepared, source, out, f"ranker-{to}", before, restart)


def _if_given(runs: Sequence[Run], stage: Stage) -> Run | None:
    """The one run of that stage, if there is any."""
    from cloud.runs.directory import parent

    return parent(runs, stage) if any(run.stage == stage.name for run in runs) else None
