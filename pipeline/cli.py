"""`edge run`: every stage, then the report."""

from __future__ import annotations

from pathlib import Path

import click

from cloud.threads import let_waiting_threads_sleep
from edge.cli.arguments import DIRECTORY, NAME_OR_PATH, as_json, changes
from edge.cli.command import command
from edge.cli.given import as_given


@command(
    examples="""edge run --preset quickstart --out runs/quickstart
                edge run --data edge.toml --preset lunch --out runs/mine
                edge run --out runs/longer --set teacher.passes=10 --set student.passes.scores=8
                edge run --out runs/quickstart --set prune.sparsity=0.9 --restart pruned"""
)
@click.option(
    "--data", type=NAME_OR_PATH, default="ml-100k", help="ml-100k, ml-1m, or an edge.toml (edge init writes one)"
)
@click.option("--out", type=DIRECTORY, required=True, metavar="DIR", help="the directory for all stages and the report")
@click.option(
    "--preset",
    "preset_name",
    default="quickstart",
    metavar="NAME",
    help="quickstart: minutes on two cores; lunch: an hour; m6-edge: for a GPU",
)
@changes("e.g. teacher.passes=8")
@click.option("--skip-bad-rows", is_flag=True, help="leave bad rows out, and list them")
@click.option(
    "--restart",
    is_flag=False,
    flag_value="data",
    metavar="[STAGE]",
    help="start over: remove every stage, or STAGE and those after it: data, teacher, student, pruned, int8, rivals, "
    "export",
)
@as_json
def run(
    data: str,
    out: Path,
    preset_name: str,
    changes: tuple[str, ...],
    skip_bad_rows: bool,
    restart: str | None,
    as_json: bool,
) -> None:
    """Run every stage from a behaviour log to a bundle, and write one report.

    Finished stages are skipped, and an interrupted one continues.
    """
    import json

    let_waiting_threads_sleep()
    from edge.config import override, preset
    from pipeline.settings import ROADS
    from pipeline.stages import alone_in, run_road
    from pipeline.steps import road_of

    command_line = as_given(click.get_current_context())
    config = override(preset(ROADS, preset_name)(data), changes)
    road = road_of(data, config, skip_bad_rows)
    with alone_in(out, road, restart):
        outcome = road.report(run_road(road, out, restart), out, command_line)
    click.echo(json.dumps(outcome.values, indent=2) if as_json else outcome.text)
