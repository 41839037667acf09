"""The commands `edge init` and `edge prepare`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from cloud.cli import restart
from edge.cli.arguments import DIRECTORY, NAME_OR_PATH, OUTPUT, PATH, as_json, changes
from edge.cli.command import command
from edge.errors import EdgeError, missing_extra
from edge.files import check_apart, write_output


@command(
    examples="""edge init
                edge init --log events.csv
                edge init --log clicks.jsonl.gz --items items.csv --out mine.toml
                edge init --log events.csv --user member --label bought
                edge init --example"""
)
@click.option("--out", type=OUTPUT, default="edge.toml", metavar="FILE", help="the file to write")
@click.option("--log", type=PATH, metavar="FILE", help="the log to describe: CSV, JSONL or Parquet")
@click.option("--items", type=PATH, metavar="FILE", help="with --log: a file with a row per item")
@click.option("--users", type=PATH, metavar="FILE", help="with --log: a file with a row per user")
@click.option("--user", metavar="COLUMN", help="with --log: the column of users")
@click.option("--item", metavar="COLUMN", help="with --log: the column of items")
@click.option("--time", metavar="COLUMN", help="with --log: the column of times")
@click.option("--label", metavar="COLUMN", help="with --log: the column of ratings, or of 0 and 1")
@click.option("--choices", is_flag=True, help="with --log: every row is a choice, so draw negatives")
@click.option("--example", is_flag=True, help="also write events.csv, the log of an invented film club")
def init(
    out: Path,
    example: bool,
    log: Path | None,
    items: Path | None,
    users: Path | None,
    choices: bool,
    **columns: str | None,
) -> None:
    """Write a commented edge.toml, which describes a log.

    With --log the file fits that log; without it, you edit the file. --example also writes an invented log.
    """
    from importlib.resources import files

    named = {role: column for role, column in columns.items() if column is not None}
    _refuse_alone(log, example, named | {"items": items, "users": users, "choices": choices})
    toml, events = out, out.with_name("events.csv")
    there = [str(path) for path in ((toml, events) if example else (toml,)) if path.exists()]
    if there:
        raise EdgeError(
            f"{' and '.join(there)} {'exist' if len(there) > 1 else 'exists'} already",
            fix="choose another --out, in a folder of its own for --example",
        )
    if log:
        _write_fitted(toml, log, items, users, named, choices)
        return
    if example:
        check_apart([toml, events], [])
        _write_example(events)
    write_output(toml, files("cloud.data").joinpath("edge.toml").read_bytes())
    click.echo(_written(toml, events if example else None))


def _refuse_alone(log: Path | None, example: bool, options: Mapping[str, object]) -> None:
    """Errors: an option that would be ignored, or one that another makes meaningless."""
    used = [f"--{name}" for name, value in options.items() if value]
    if log and example:
        raise EdgeError("--example and --log exclude each other", fix="leave one of them out")
    if used and not log:
        raise EdgeError(f"{used[0]} needs --log", fix="add --log FILE")
    if {"--label", "--choices"} <= set(used):
        raise EdgeError("--choices and --label exclude each other", fix="leave one of them out")


def _write_fitted(
    toml: Path, log: Path, items: Path | None, users: Path | None, named: dict[str, str], choices: bool
) -> None:
    """An edge.toml that fits a log; what was decided goes to stdout."""
    try:
        from cloud.data.suggest.look import suggest
        from cloud.data.suggest.toml import summary, write_toml
    except ImportError as error:
        raise missing_extra("train", error) from error
    suggestion = suggest(log, items, users, named, choices)
    write_output(toml, write_toml(suggestion, toml))
    click.echo(summary(suggestion, toml))


def _write_example(log: Path) -> None:
    from cloud.data.example_log import example_log

    write_output(log, example_log())


def _written(toml: Path, log: Path | None) -> str:
    if log:
        return f"wrote {toml} and {log}: try them: edge run --data {toml} --out runs/club"
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
@click.option("--skip-bad-rows", is_flag=True, help="leave bad rows out, and list them in the run")
@click.option(
    "--audit", is_flag=True, help="check that no row of the run depends on its own label or on anything later"
)
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
    """Check a behaviour log, split it by time and turn it into token ids."""
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
            f"audit: checked {examined.rows:,} rows at {examined.moments} moments: no row depends on its own label, "
            "its screen or anything later"
        )
