"""`edge-bench gate`: a bundle against a budget."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge.bench.arguments import bundle_arguments, print_json
from edge.command import Command
from edge.errors import EdgeError


def _gate_arguments(parser: argparse.ArgumentParser) -> None:
    bundle_arguments(parser)
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
        print_json(arguments, verdict_json(verdict))
    else:
        print(f"{arguments.bundle} ({arguments.backend})\n{verdict_text(verdict)}")
    return 0 if verdict.passed else 1


def _plain(size: str) -> int | str:
    return int(size) if size.isascii() and size.isdigit() else size


def _resident(arguments: argparse.Namespace) -> int:
    from edge.bench.run import measure_apart, read_requests

    requests = read_requests(arguments.bundle, arguments.requests)
    return measure_apart(arguments.bundle, arguments.backend, requests, repeats=1).resident


gate = Command(
    summary="Hold a bundle against a budget. Exit code 0: within it, 1: over it, 2: it cannot be told.",
    examples="""edge-bench gate movies.edge --max-download 2.8MB --min-auc 0.74
                edge-bench gate movies.edge --budget benchmarks/budgets/quickstart.toml --json""",
    arguments=_gate_arguments,
    run=_gate,
)
