"""`edge-bench report`: measurements as a page to look at, and as Markdown for a pull request."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edge.cli.command import Command
from edge.errors import EdgeError

if TYPE_CHECKING:
    from edge.bench.report import Report


def _report_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("measurements", type=Path, nargs="+", metavar="measurement", help="what run --out wrote")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the page, HTML in one file")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables for a pull request")
    parser.add_argument("--profile", help="a device, or a TOML file: its targets in place of the measurements' own")
    parser.add_argument("--baseline", type=Path, metavar="OLD.json", help="an earlier measurement to show beside")
    parser.add_argument("--json", action="store_true", help="machine-readable result on stdout")


def _report(arguments: argparse.Namespace) -> int:
    from edge.bench.outputs.files import write_output
    from edge.bench.report import read_report
    from edge.bench.report_page import report_html, report_markdown

    written = [path for path in (arguments.out, arguments.markdown) if path]
    _check(written, [*arguments.measurements, *([arguments.baseline] if arguments.baseline else [])])
    report = read_report(arguments.measurements, arguments.profile, arguments.baseline)
    if arguments.out:
        from edge.bench.plots import draw_plots

        print("report: drawing", file=sys.stderr)
        write_output(arguments.out, report_html(report, draw_plots(report)))
    if arguments.markdown:
        write_output(arguments.markdown, report_markdown(report))
    _tell(report, written, arguments.json)
    return 0


def _check(written: list[Path], read: list[Path]) -> None:
    if not written:
        raise EdgeError("nothing is to be written", fix="give --out report.html, --markdown report.md or both")
    if repeated := {path.resolve() for path in written} & {path.resolve() for path in read}:
        raise EdgeError(f"{repeated.pop()} is read and would be written over", fix="give another file to write")
    if len({path.resolve() for path in written}) < len(written):
        raise EdgeError(f"{written[0]} would be written twice", fix="give --out and --markdown a file each")


def _tell(report: Report, written: list[Path], as_json: bool) -> None:
    import json
    from dataclasses import asdict

    from edge.bench.report import best_exits

    if not as_json:
        print("\n".join(map(str, written)))
        return
    documents = [
        {
            "label": entry.label,
            "file": str(entry.file),
            "sha256": entry.measured.bundle.sha256,
            "best": [asdict(best) for best in best_exits(entry, report.target)] if report.target else None,
        }
        for entry in report.entries
    ]
    target = asdict(report.target) if report.target else None
    print(json.dumps({"written": list(map(str, written)), "target": target, "documents": documents}, indent=2))


report = Command(
    summary="Show measurements side by side: latency per exit, quality against latency, a device's targets, budgets.",
    examples="""edge-bench report measured.json --out report.html
                edge-bench report litert.json onnx.json --profile mid-android --out report.html
                edge-bench report measured.json --baseline released.json --markdown report.md""",
    arguments=_report_arguments,
    run=_report,
)
