"""`edge run`: every stage, then the report."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge.cli.command import Command


def _run_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", default="ml-100k", help="ml-100k, ml-1m, or an edge.toml (edge init writes one)")
    parser.add_argument("--out", type=Path, required=True, help="directory for all stages and the report")
    parser.add_argument("--preset", default="quickstart", help="or smoke: a smoke test with a tenth of the steps")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="e.g. teacher.click.steps=800")
    parser.add_argument("--skip-bad-rows", action="store_true", help="leave bad rows out and list them")
    parser.add_argument("--json", action="store_true", help="the final table as JSON")


def _run(arguments: argparse.Namespace) -> int:
    import json

    from edge.config import override, preset
    from pipeline.report import write_report
    from pipeline.results import agreement_text, results, results_text
    from pipeline.stages import PIPELINES, run_pipeline

    config = override(preset(PIPELINES, arguments.preset)(arguments.data), arguments.set)
    stages = run_pipeline(arguments.data, arguments.out, config, arguments.skip_bad_rows)
    rows = results(stages)
    bundle = stages.export.path / f"{config.export.name}.edge"
    write_report(stages, rows, bundle, arguments.out)
    print(json.dumps(rows, indent=2) if arguments.json else f"{results_text(rows)}\n\n{agreement_text(stages)}")
    if not arguments.json:
        print(f"\nbundle: {bundle}\nreport: {arguments.out / 'report.html'}")
    return 0


run = Command(
    summary="From a behaviour log to a bundle: every stage in turn, finished ones skipped, then one report.",
    examples="""edge run --preset quickstart --out runs/quickstart
                edge run --data edge.toml --preset smoke --out runs/smoke
                edge run --data edge.toml --out runs/mine
                edge run --out runs/longer --set teacher.click.steps=2000 --set student.scores.steps=2000""",
    arguments=_run_arguments,
    run=_run,
)
