"""`edge-bench gate`: bundles against a budget."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edge.cli.arguments import OUTPUT, PATH, as_json, engine, markdown, requests
from edge.cli.command import command
from edge.errors import EdgeError

if TYPE_CHECKING:
    from edge.bench.budget import Budget
    from edge.bench.check import Verdict


@command(
    examples="""edge-bench gate movies.edge --max-download 2.8MB --min-auc 0.74
                edge-bench gate movies.edge --budget benchmarks/budgets/quickstart.toml --json
                edge-bench gate movies.edge --budget budget.toml --baseline released.edge --markdown gate.md"""
)
@click.argument("bundles", type=PATH, nargs=-1, required=True, metavar="BUNDLE...")
@engine("litert, onnx or coreml")
@click.option("--budget", type=PATH, metavar="FILE", help="limits, as TOML; the options below override it")
@click.option("--max-download", metavar="SIZE", help="limit on the bundle with this engine alone")
@click.option("--max-installed", metavar="SIZE", help="limit on its files when installed")
@click.option("--max-resident", metavar="SIZE", help="limit on the memory that opening and ranking take")
@click.option("--min-auc", type=float, metavar="AUC", help="minimum AUC at the best exit")
@click.option("--baseline", type=PATH, metavar="OLD.edge", help="the bundle that shipped last, for [growth]")
@requests("the golden requests")
@click.option("--tools", type=PATH, metavar="DIR", help="the directory that benchmarks/arm_tools.sh filled")
@as_json
@click.option("--junit", type=OUTPUT, metavar="FILE", help="write the result as JUnit XML")
@markdown
@click.option("--annotations", is_flag=True, help="print failures as GitHub annotations")
def gate(
    bundles: tuple[Path, ...],
    as_json: bool,
    junit: Path | None,
    markdown: Path | None,
    annotations: bool,
    **options: Any,
) -> None:
    """Check bundles against the limits of a budget.

    A budget limits sizes, memory, quality, parity, shared weights, instructions, and growth against a baseline. Exit
    code 0: every limit holds, 1: one does not, 2: one could not be checked.
    """
    from edge.bench.check import all_passed

    if annotations and as_json:
        raise EdgeError("--annotations and --json both write to stdout", fix="give one of them")
    try:
        verdicts = _verdicts(bundles, **options)
    except EdgeError as error:
        if annotations:
            from edge.bench.outputs.annotations import error_annotation

            click.echo(error_annotation(error))
        raise
    _write(verdicts, junit, markdown)
    _print(verdicts, as_json, annotations)
    click.get_current_context().exit(0 if all_passed(verdicts) else 1)


def _verdicts(
    bundles: tuple[Path, ...],
    *,
    engine: str,
    baseline: Path | None,
    requests: Path | None,
    tools: Path | None,
    **limits: Any,
) -> list[Verdict]:
    from edge.bench.facts import Source, measure_facts
    from edge.bench.gate import check_bundle, require_baseline
    from edge.bundle.bundle import open_bundle

    budget = _budget(**limits)
    old = open_bundle(baseline) if baseline else None
    require_baseline(budget, old)  # reported now, not after minutes of measuring
    if old and len(bundles) > 1:
        raise EdgeError("one baseline cannot be compared with several bundles", fix="gate them one by one")
    verdicts = []
    for path in bundles:
        bundle = open_bundle(path)
        facts = measure_facts(Source(bundle, engine, old, requests, tools), budget, _progress)
        verdicts.append(check_bundle(bundle, budget, engine, facts, old))
    return verdicts


def _budget(budget: Path | None, min_auc: float | None, **sizes: str | None) -> Budget:
    from edge.bench.budget import Budget
    from edge.bench.budget_file import parse_budget, read_budget

    options: dict[str, Any] = {
        name.removeprefix("max_"): _plain(size) for name, size in sizes.items() if size is not None
    }
    if min_auc is not None:
        options["quality"] = {"auc": min_auc}
    limits = read_budget(budget) if budget else Budget()
    limits = limits.tightened(parse_budget(options, "the command line"))
    if limits.empty:
        raise EdgeError(
            "no limit is given, so there is nothing to check", fix="give --budget, or a limit such as --max-download"
        )
    return limits


def _plain(size: str) -> int | str:
    return int(size) if size.isascii() and size.isdigit() else size


def _write(verdicts: Sequence[Verdict], junit: Path | None, markdown: Path | None) -> None:
    from edge.bench.outputs.junit import verdicts_junit
    from edge.bench.outputs.markdown import verdicts_markdown
    from edge.files import write_output

    if junit:
        write_output(junit, verdicts_junit(verdicts))
    if markdown:
        write_output(markdown, verdicts_markdown(verdicts))


def _print(verdicts: Sequence[Verdict], as_json: bool, annotations: bool) -> None:
    import json

    from edge.bench.check import verdicts_json
    from edge.bench.outputs.annotations import verdicts_annotations
    from edge.bench.outputs.text import verdicts_text

    click.echo(json.dumps(verdicts_json(verdicts), indent=2) if as_json else verdicts_text(verdicts))
    for line in verdicts_annotations(verdicts) if annotations else ():
        click.echo(line)


def _progress(text: str) -> None:
    click.echo(f"gate: {text}", err=True)
