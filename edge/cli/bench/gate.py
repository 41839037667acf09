"""`edge-bench gate`: bundles against a budget."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edge.cli.command import Command
from edge.errors import EdgeError

if TYPE_CHECKING:
    from edge.bench.budget import Budget
    from edge.bench.check import Verdict


def _gate_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundles", type=Path, nargs="+", metavar="bundle", help="an .edge file")
    parser.add_argument("--engine", default="litert", help="the engine: litert, onnx or coreml")
    parser.add_argument("--budget", type=Path, help="limits as TOML; the options below replace its values")
    parser.add_argument("--max-download", metavar="SIZE", help="of a bundle with this engine alone")
    parser.add_argument("--max-installed", metavar="SIZE", help="the same, unpacked")
    parser.add_argument("--max-resident", metavar="SIZE", help="RAM a fresh process takes to open and rank")
    parser.add_argument("--min-auc", type=float, metavar="AUC", help="at the deepest exit; more: --budget")
    parser.add_argument("--baseline", type=Path, metavar="OLD.edge", help="hold [growth] of the budget against it")
    parser.add_argument("--requests", type=Path, help="JSONL to measure with; else the golden ones")
    parser.add_argument("--tools", type=Path, help="to count instructions, what benchmarks/arm_tools.sh filled")
    parser.add_argument("--json", action="store_true", help="machine-readable result on stdout")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write the result as JUnit XML")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the result for a pull request")
    parser.add_argument("--annotations", action="store_true", help="tell GitHub of failures, on stdout")


def _gate(arguments: argparse.Namespace) -> int:
    if arguments.annotations and arguments.json:
        raise EdgeError("--annotations and --json both write to stdout", fix="give one of them")
    try:
        verdicts = _verdicts(arguments)
    except EdgeError as error:
        if arguments.annotations:
            from edge.bench.outputs.annotations import error_annotation

            print(error_annotation(error))
        raise
    _tell_all(arguments, verdicts)
    return 0 if all(verdict.passed for verdict in verdicts) else 1


def _verdicts(arguments: argparse.Namespace) -> list[Verdict]:
    from edge.bench.facts import Source, measure_facts
    from edge.bench.gate import check_bundle, require_baseline
    from edge.bundle.bundle import open_bundle

    budget = _budget(arguments)
    baseline = open_bundle(arguments.baseline) if arguments.baseline else None
    require_baseline(budget, baseline)  # told now, not after minutes of measuring
    if baseline and len(arguments.bundles) > 1:
        raise EdgeError("several bundles cannot have grown from one baseline", fix="gate them one by one")
    verdicts = []
    for path in arguments.bundles:
        bundle = open_bundle(path)
        source = Source(bundle, arguments.engine, baseline, arguments.requests, arguments.tools)
        facts = measure_facts(source, budget, _progress)
        verdicts.append(check_bundle(bundle, budget, arguments.engine, facts, baseline))
    return verdicts


def _budget(arguments: argparse.Namespace) -> Budget:
    from edge.bench.budget import SIZES, Budget, parse_budget, read_budget

    given = {size: getattr(arguments, f"max_{size}") for size in SIZES}
    options = {size: _plain(value) for size, value in given.items() if value is not None}
    quality = {} if arguments.min_auc is None else {"quality": {"auc": arguments.min_auc}}
    budget = read_budget(arguments.budget) if arguments.budget else Budget()
    budget = budget.tightened(parse_budget(options | quality, "options"))
    if budget.empty:
        raise EdgeError("no limit is given, there is nothing to check", fix="give --budget or --max-download")
    return budget


def _plain(size: str) -> int | str:
    return int(size) if size.isascii() and size.isdigit() else size


def _tell_all(arguments: argparse.Namespace, verdicts: Sequence[Verdict]) -> None:
    """The same checks in every form that was asked for."""
    import json

    from edge.bench.check import verdicts_json
    from edge.bench.outputs.annotations import verdicts_annotations
    from edge.bench.outputs.files import write_output
    from edge.bench.outputs.junit import verdicts_junit
    from edge.bench.outputs.markdown import verdicts_markdown
    from edge.bench.outputs.text import verdicts_text

    if arguments.junit:
        write_output(arguments.junit, verdicts_junit(verdicts))
    if arguments.markdown:
        write_output(arguments.markdown, verdicts_markdown(verdicts))
    print(json.dumps(verdicts_json(verdicts), indent=2) if arguments.json else verdicts_text(verdicts))
    for line in verdicts_annotations(verdicts) if arguments.annotations else ():
        print(line)


def _progress(text: str) -> None:
    print(f"gate: {text}", file=sys.stderr, flush=True)


gate = Command(
    summary=(
        "Hold bundles against a budget: sizes, memory, quality, parity, shared weights, instructions, and growth over "
        "a baseline. Exit code 0: within it, 1: over it, 2: it cannot be told."
    ),
    examples="""edge-bench gate movies.edge --max-download 2.8MB --min-auc 0.74
                edge-bench gate movies.edge --budget benchmarks/budgets/quickstart.toml --json
                edge-bench gate movies.edge --budget budget.toml --baseline released.edge --markdown gate.md""",
    arguments=_gate_arguments,
    run=_gate,
)
