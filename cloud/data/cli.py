"""The commands `edge init` and `edge prepare`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from edge.cli.command import Command
from edge.errors import EdgeError, missing_extra


def _init_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, default=Path("edge.toml"), help="the file to write")
    parser.add_argument("--example", action="store_true", help="write events.csv beside it, too: an invented film club")


def _run_init(arguments: argparse.Namespace) -> int:
    from importlib.resources import files

    toml, log = arguments.out, arguments.out.with_name("events.csv")
    there = [str(path) for path in ((toml, log) if arguments.example else (toml,)) if path.exists()]
    if there:
        raise EdgeError(
            f"{' and '.join(there)} {'exist' if len(there) > 1 else 'exists'} already",
            fix="choose another --out, in a folder of its own for --example",
        )
    if not toml.parent.is_dir():
        raise EdgeError(f"no folder {toml.parent}", fix=f"mkdir -p {toml.parent}")
    if arguments.example:
        _write_example(log)
    toml.write_bytes(files("cloud.data").joinpath("edge.toml").read_bytes())
    print(_written(toml, log if arguments.example else None))
    return 0


def _write_example(log: Path) -> None:
    from cloud.data.example_log import example_log

    log.write_bytes(example_log().encode())


def _written(toml: Path, log: Path | None) -> str:
    if log:
        return f"wrote {toml} and {log}: try them: edge run --data {toml} --preset smoke --out runs/smoke"
    return f"wrote {toml}: edit it, then: edge prepare --data {toml} --out runs/prepared"


def _prepare_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", required=True, help="ml-100k, ml-1m, or an edge.toml (see edge init)")
    parser.add_argument("--out", type=Path, required=True, help="the run to write")
    parser.add_argument("--preset", default="quickstart", help="quickstart or m6-edge")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="change one setting, e.g. vocabulary=4000",
    )
    parser.add_argument("--skip-bad-rows", action="store_true", help="leave bad rows out and list them in the run")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")


def _run_prepare(arguments: argparse.Namespace) -> int:
    import json

    try:
        from cloud.data import prepare, report
    except ImportError as error:
        raise missing_extra("train", error) from error
    from edge.config import override

    source = prepare.open_source(arguments.data)
    config = override(prepare.config_for(source, arguments.preset), arguments.set)
    run = prepare.prepare(source, arguments.out, config, arguments.skip_bad_rows)
    if arguments.json:
        print(json.dumps({"run": str(run.path), "hash": run.hash, "dataset": run.manifest["dataset"], **run.summary}))
        return 0
    summary = run.summary
    if summary["bad_rows"]["total"]:
        left_out = run.path / "bad_rows.jsonl"
        print(f"{summary['bad_rows']['total']:,} bad rows left out, listed in {left_out}", file=sys.stderr)
    print(f"{run.manifest['dataset']['name']}: {summary['users']:,} users, {summary['items']:,} items\n")
    print(report.table(summary))
    print(f"\nvocabulary of {summary['vocabulary']:,} tokens; wrote {run.path}")
    return 0


init = Command(
    summary="Write a commented edge.toml that maps your own log; with --example, a log for it to map.",
    examples="edge init\nedge init --out my/edge.toml\nedge init --example",
    arguments=_init_arguments,
    run=_run_init,
)

prepare = Command(
    summary="Check a behaviour log, split it by time and turn it into token ids, with baselines to beat.",
    examples="""
        edge prepare --data ml-100k --out runs/prepared
        edge prepare --data edge.toml --out runs/prepared --skip-bad-rows
        edge prepare --data ml-1m --out runs/ml-1m --set vocabulary=8000
    """,
    arguments=_prepare_arguments,
    run=_run_prepare,
)
