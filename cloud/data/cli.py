"""The commands `edge init` and `edge prepare`."""

from __future__ import annotations

from pathlib import Path

import click

from cloud.cli import restart
from edge.cli.arguments import DIRECTORY, NAME_OR_PATH, OUTPUT, as_json, changes
from edge.cli.command import command
from edge.errors import EdgeError, missing_extra
from edge.files import check_apart, write_output


@command(
    examples="""edge init
                edge init --out mine.toml
                edge init --example"""
)
@click.option("--out", type=OUTPUT, default="edge.toml", metavar="FILE", help="the file to write")
@click.option("--example", is_flag=True, help="write events.csv beside it, too: an invented film club")
def init(out: Path, example: bool) -> None:
    """Write a commented edge.toml that maps your own log; with --example, a log for it to map."""
    from importlib.resources import files

    toml, log = out, out.with_name("events.csv")
    there = [str(path) for path in ((toml, log) if example else (toml,)) if path.exists()]
    if there:
        raise EdgeError(
            f"{' and '.join(there)} {'exist' if len(there) > 1 else 'exists'} already",
            fix="choose another --out, in a folder of its own for --example",
        )
    if example:
        check_apart([toml, log], [])
        _write_example(log)
    write_output(toml, files("cloud.data").joinpath("edge.toml").read_bytes())
    click.echo(_written(toml, log if example else None))


def _write_example(log: Path) -> None:
    from cloud.data.example_log import example_log

    write_output(log, example_log())


def _written(toml: Path, log: Path | None) -> str:
    if log:
        return f"wrote {toml} and {log}: try them: edge run --data {toml} --preset smoke --out runs/smoke"
    return f"wrote {toml}: edit it, then: edge prepare --data {toml} --out runs/prepared"


@command(
    examples="""edge prepare --data ml-100k --out runs/prepared
                edge prepare --data edge.toml --out runs/prepared --skip-bad-rows
                edge prepare --data ml-1m --out runs/ml-1m --set vocabulary=8000
                edge prepare --data edge.toml --out runs/prepared --audit"""
)
@click.option("--data", type=NAME_OR_PATH, required=True, help="ml-100k, ml-1m, or an edge.toml (see edge init)")
@click.option("--out", type=DIRECTORY, required=True, metavar="DIR", help="the run to write")
@click.option("--preset", "preset_name", default="quickstart", metavar="NAME", help="quickstart or m6-edge")
@changes("e.g. vocabulary=4000")
@click.option("--skip-bad-rows", is_flag=True, help="leave bad rows out and list them in the run")
@click.option("--audit", is_flag=True, help="check that no row of the run knows its own label or anything later")
@restart
@as_json
def prepare(
    data: str,
    out: Path,
    preset_name: str,
    changes: tuple[str, ...],
    skip_bad_rows: bool,
    audit: bool,
    restart: bool,
    as_json: bool,
) -> None:
    """Check a behaviour log, split it by time and turn it into token ids, with baselines to beat."""
    import json

    try:
        from cloud.data import prepare as stage
        from cloud.data import report
    except ImportError as error:
        raise missing_extra("train", error) from error
    from edge.config import override

    source = stage.open_source(data)
    config = override(stage.config_for(source, preset_name), changes)
    run = stage.prepare(source, out, config, skip_bad_rows, restart)
    examined = stage.audit_prepared(source, run, config, skip_bad_rows) if audit else None
    click.echo(report.warnings(run.summary), err=True, nl=False)
    summary = run.summary
    if as_json:
        click.echo(json.dumps({"run": str(run.path), "hash": run.hash, "dataset": run.manifest["dataset"], **summary}))
        return
    if summary["bad_rows"]["total"]:
        left_out = run.path / "bad_rows.jsonl"
        click.echo(f"{summary['bad_rows']['total']:,} bad rows left out, listed in {left_out}", err=True)
    click.echo(f"{run.manifest['dataset']['name']}: {summary['users']:,} users, {summary['items']:,} items\n")
    click.echo(report.table(summary))
    click.echo(f"\nvocabulary of {summary['vocabulary']:,} tokens; wrote {run.path}")
    click.echo(f"report: {run.path / stage.PAGE}")
    if examined:
        click.echo(
            f"audit: {examined.rows:,} rows looked at as of {examined.moments} moments: nothing depends on a row's own "
            "label, its screen or anything later"
        )
