"""`edge-bench report`: measurements as a page to look at, and as Markdown for a pull request."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.cli.arguments import NAME_OR_PATH, OUTPUT, PATH, as_json
from edge.cli.command import command
from edge.cli.given import as_given
from edge.errors import EdgeError

if TYPE_CHECKING:
    from edge.bench.report import Report


@command(
    examples="""edge-bench report measured.json --out report.html
                edge-bench report litert.json onnx.json --profile mid-android --out report.html
                edge-bench report measured.json --baseline released.json --markdown report.md"""
)
@click.argument("measurements", type=PATH, nargs=-1, required=True, metavar="MEASUREMENT...")
@click.option("--out", type=OUTPUT, metavar="FILE", help="write the report as one HTML file")
@click.option("--markdown", type=OUTPUT, metavar="FILE", help="write the tables as Markdown, for a pull request")
@click.option(
    "--profile",
    type=NAME_OR_PATH,
    help="a device profile, by name or TOML file; its targets replace those of the measurements",
)
@click.option("--baseline", type=PATH, metavar="OLD.json", help="an earlier measurement to compare with")
@as_json
def report(
    measurements: tuple[Path, ...],
    out: Path | None,
    markdown: Path | None,
    profile: str | None,
    baseline: Path | None,
    as_json: bool,
) -> None:
    """Show measurements side by side, as a page or as Markdown.

    MEASUREMENT is a file that `edge-bench run --out` wrote. The report shows the latency at each exit, quality against
    latency, and the targets and budgets of a device.
    """
    from edge.bench.report import read_report
    from edge.bench.report_page import report_html, report_markdown
    from edge.files import write_output

    written = [path for path in (out, markdown) if path]
    if not written:
        raise EdgeError("no output is named", fix="give --out report.html, --markdown report.md or both")
    found = read_report(measurements, profile, baseline)
    if out:
        from edge.bench.plots import draw_plots

        click.echo("report: drawing", err=True)
        write_output(
            out, report_html(found, draw_plots(found), as_given(click.get_current_context(), out="report.html"))
        )
    if markdown:
        write_output(markdown, report_markdown(found))
    click.echo(_json(found, written) if as_json else "\n".join(map(str, written)))


def _json(report: Report, written: list[Path]) -> str:
    import json
    from dataclasses import asdict

    from edge.bench.report import best_exits

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
    return json.dumps({"written": list(map(str, written)), "target": target, "documents": documents}, indent=2)
