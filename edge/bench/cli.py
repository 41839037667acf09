"""The `edge-bench` command: measure a bundle, and gate a build on what it costs and reaches."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from edge.command import Command, dispatch
from edge.errors import EdgeError, missing_extra

SUMMARY = """edge-bench: what a bundle costs and whether it may ship

  edge-bench gate movies.edge --max-download 2.8MB --min-auc 0.74
  edge-bench run movies.edge --backend litert"""


def _bundle_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, help="an .edge file")
    parser.add_argument("--backend", default="litert", help="the engine: litert, onnx or coreml")
    parser.add_argument("--json", action="store_true", help="machine-readable result on stdout")
    parser.add_argument("--requests", type=Path, help="JSONL to measure with; else the bundle's golden ones")


def _gate_arguments(parser: argparse.ArgumentParser) -> None:
    _bundle_arguments(parser)
    parser.add_argument("--budget", type=Path, help="limits as TOML; the options below replace its values")
    parser.add_argument("--max-download", metavar="SIZE", help="of a bundle with this backend alone")
    parser.add_argument("--max-installed", metavar="SIZE", help="the same, unpacked")
    parser.add_argument("--max-resident", metavar="SIZE", help="RAM a fresh process takes to open and rank")
    parser.add_argument("--min-auc", type=float, metavar="AUC", help="at the deepest exit; more: --budget")


def _gate(arguments: argparse.Namespace) -> int:
    from edge.bench.budget import SIZES, Budget, parse_budget, read_budget
    from edge.bench.gate import check_bundle, verdict_json, verdict_text
    from edge.bundle import open_bundle

    given = {size: getattr(arguments, f"max_{size}") for size in SIZES}
    options = {size: _plain(value) for size, value in given.items() if value is not None}
    quality = {} if arguments.min_auc is None else {"quality": {"auc": arguments.min_auc}}
    budget = read_budget(arguments.budget) if arguments.budget else Budget()
    budget = budget.tightened(parse_budget(options | quality, "options"))
    if budget.empty:
        raise EdgeError("no limit is given, there is nothing to check", fix="give --budget or --max-download")
    bundle = open_bundle(arguments.bundle)
    resident = _resident(arguments) if budget.resident is not None else None
    verdict = check_bundle(bundle, budget, arguments.backend, resident)
    if arguments.json:
        _print_json(arguments, verdict_json(verdict))
    else:
        print(f"{arguments.bundle} ({arguments.backend})\n{verdict_text(verdict)}")
    return 0 if verdict.passed else 1


def _print_json(arguments: argparse.Namespace, result: dict[str, Any]) -> None:
    print(json.dumps({"bundle": str(arguments.bundle), "backend": arguments.backend} | result, indent=2))


def _plain(size: str) -> int | str:
    return int(size) if size.isascii() and size.isdigit() else size


def _resident(arguments: argparse.Namespace) -> int:
    from edge.bench.run import measure_apart, read_requests

    requests = read_requests(arguments.bundle, arguments.requests)
    return measure_apart(arguments.bundle, arguments.backend, requests, repeats=1).resident


def _run_arguments(parser: argparse.ArgumentParser) -> None:
    _bundle_arguments(parser)
    parser.add_argument("--repeats", type=int, default=5, help="rounds over all requests and exits")


def _run(arguments: argparse.Namespace) -> int:
    from dataclasses import asdict

    from edge.bench.run import measure_apart, measurement_text, read_requests

    if arguments.repeats < 1:
        raise EdgeError(f"--repeats must be 1 or more, not {arguments.repeats}")
    requests = read_requests(arguments.bundle, arguments.requests)
    measured = measure_apart(arguments.bundle, arguments.backend, requests, arguments.repeats)
    if arguments.json:
        _print_json(arguments, asdict(measured))
    else:
        print(f"{arguments.bundle} ({arguments.backend})\n{measurement_text(measured)}")
    return 0


gate = Command(
    summary="Hold a bundle against a budget. Exit code 0: within it, 1: over it, 2: it cannot be told.",
    examples="""edge-bench gate movies.edge --max-download 2.8MB --min-auc 0.74
                edge-bench gate movies.edge --budget benchmarks/budgets/quickstart.toml --json""",
    arguments=_gate_arguments,
    run=_gate,
)
run = Command(
    summary="Measure cold start, time per exit depth and memory, in a fresh process on this machine.",
    examples="""edge-bench run movies.edge
                edge-bench run movies.edge --backend onnx --requests requests.jsonl --json""",
    arguments=_run_arguments,
    run=_run,
)


def main() -> None:
    try:
        status = dispatch("edge-bench", SUMMARY, {"run": lambda: run, "gate": lambda: gate}, sys.argv[1:])
    except ImportError as error:
        print(f"error: {missing_extra('export', error)}", file=sys.stderr)
        status = 2
    sys.exit(status)
