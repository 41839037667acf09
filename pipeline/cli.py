"""`edge run`: every stage, then the report."""

from __future__ import annotations

from pathlib import Path

import click

from cloud.threads import let_waiting_threads_sleep
from edge.cli.arguments import DIRECTORY, NAME_OR_PATH, as_json, changes
from edge.cli.command import command


@command(
    examples="""edge run --preset quickstart --out runs/quickstart
                edge run --data edge.toml --preset smoke --out runs/smoke
                edge run --data edge.toml --out runs/mine
                edge run --out runs/longer --set teacher.click.steps=2000 --set student.scores.steps=2000
                edge run --out runs/quickstart --set prune.schedule.sparsity=0.9 --restart pruned"""
)
@click.option(
    "--data", type=NAME_OR_PATH, default="ml-100k", help="ml-100k, ml-1m, or an edge.toml (edge init writes one)"
)
@click.option("--out", type=DIRECTORY, required=True, metavar="DIR", help="directory for all stages and the report")
@click.option(
    "--preset",
    "preset_name",
    default="quickstart",
    metavar="NAME",
    help="or smoke: a smoke test with a tenth of the steps",
)
@changes("e.g. teacher.click.steps=800")
@click.option("--skip-bad-rows", is_flag=True, help="leave bad rows out and list them")
@click.option(
    "--restart",
    is_flag=False,
    flag_value="data",
    metavar="[STAGE]",
    help="start over: remove every stage, or those from STAGE on: data, teacher, student, pruned, int8, export, rivals",
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
    """From a behaviour log to a bundle: every stage in turn, finished ones skipped, then one report."""
    import json

    let_waiting_threads_sleep()
    from edge.config import override, preset
    from pipeline.report import write_report
    from pipeline.results import agreement_text, results, results_text
    from pipeline.settings import PIPELINES
    from pipeline.stages import alone_in, run_pipeline

    config = override(preset(PIPELINES, preset_name)(data), changes)
    with alone_in(out, restart):
        stages = run_pipeline(data, out, config, skip_bad_rows, restart)
        rows = results(stages)
        bundle = stages.export.path / f"{config.export.name}.edge"
        write_report(stages, rows, bundle, out)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        click.echo(f"{results_text(rows)}\n\n{agreement_text(stages)}")
        click.echo(f"\nbundle: {bundle}\nreport: {out / 'report.html'}")
