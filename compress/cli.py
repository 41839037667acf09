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
@click.option("--to", type=click.Choice(("pruned", "int8", "int4")), required=True, help="what the weights become")
@stage
def compress(
    to: str, parents: tuple[Path, ...], out: Path, preset_name: str, changes: tuple[str, ...], restart: bool
) -> None:
    """Prune a student while it trains on, or give it int8 or int4 weights; quality is measured after each.

    Pruning has presets of the student's kind: of the ranking model over entries quickstart, lunch and m6-edge, of the
    model over tokens quickstart and m6-edge. To int8 or int4 of a ranking model, runs that led to the one to quantise
    may be given too: the report then has the whole road.
    """
    from cloud.runs.directory import Run
    from compress.ranking.quantised import SOURCES
    from edge.errors import EdgeError

    if to != "pruned" and (changes or preset_name != DEFAULT_PRESET):
        raise EdgeError(f"--to {to} has no settings", fix="leave --set and --preset out")
    runs = [Run.open(path) for path in parents]
    over_entries = {run.stage for run in runs} & {stage.name for stage in SOURCES}
    run = (_ranker if over_entries else _encoder)(to, runs, out, preset_name, changes, restart)
    click.echo((run.path / "report.md").read_text())


def _encoder(to: str, runs: Sequence[Run], out: Path, preset_name: str, changes: tuple[str, ...], restart: bool) -> Run:
    """Of the model over tokens."""
    from cloud.data.prepare import STAGE as PREPARED
    from cloud.runs.directory import parent
    from cloud.teacher import STAGE as TEACHER
    from compress.pruned import PRUNINGS, prune_student
    from compress.pruned import STAGE as PRUNED
    from compress.quantised import quantise_student
    from distill.student import STAGE as STUDENT
    from edge.config import override, preset

    prepared = parent(runs, PREPARED)
    if to == "pruned":
        config = override(preset(PRUNINGS, preset_name, "pruning of the model over tokens"), changes)
        return prune_student(prepared, parent(runs, TEACHER), parent(runs, STUDENT), out, config, restart)
    return quantise_student(prepared, parent(runs, PRUNED, STUDENT), out, to, restart)


def _ranker(to: str, runs: Sequence[Run], out: Path, preset_name: str, changes: tuple[str, ...], restart: bool) -> Run:
    """Of the model over entries. Without a student, a "ranker" run is compressed itself."""
    from cloud.data.prepare import STAGE as PREPARED
    from cloud.ranking.train import STAGE as TEACHER
    from cloud.runs.directory import parent
    from compress.ranking.pruned import RANKER_PRUNINGS, prune_ranker
    from compress.ranking.pruned import STAGE as PRUNED
    from compress.ranking.quantised import quantise_run
    from distill.ranking.student import STAGE as STUDENT
    from edge.config import override, preset

    prepared, teacher = parent(runs, PREPARED), _if_given(runs, TEACHER)
    student = _if_given(runs, STUDENT)
    if to == "pruned":
        config = override(preset(RANKER_PRUNINGS, preset_name, "pruning of the ranking model"), changes)
        teacher = parent(runs, TEACHER)
        return prune_ranker(prepared, teacher, student or teacher, out, config, restart)
    *before, source = [run for run in (teacher, student, _if_given(runs, PRUNED)) if run] or [parent(runs, PRUNED)]
    return quantise_run(prepared, source, out, f"ranker-{to}", before, restart)


def _if_given(runs: Sequence[Run], stage: Stage) -> Run | None:
    """The one run of that stage, if there is any."""
    from cloud.runs.directory import parent

    return parent(runs, stage) if any(run.stage == stage.name for run in runs) else None
