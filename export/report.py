"""The report that `edge run` ends with: one table and five plots, as HTML and as Markdown."""

from __future__ import annotations

import base64
import html
import json
from pathlib import Path
from typing import Any

from edge.runs import write_atomically
from export.pipeline import Stages
from export.plots import draw_plots
from export.results import METRICS, agreement, kept_lift

COLUMNS = ("parameters", "nonzero", "download", "installed", "resident", *METRICS)
HEADINGS = {
    "nonzero": "non-zero",
    "download": "download (bytes)",
    "installed": "installed (bytes)",
    "resident": "resident (bytes)",
    "auc": "AUC",
    "user_auc": "per-user AUC",
    "ndcg@10": "NDCG@10",
    "log_loss": "log loss",
}
STYLE = """body { font: 15px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .25rem .7rem; text-align: right; border-bottom: 1px solid #ddd }
th:first-child, td:first-child { text-align: left }
figure { margin: 2rem 0 } img { max-width: 100% } figcaption { color: #555 }"""


def write_report(stages: Stages, rows: list[dict[str, Any]], bundle: Path, out: Path) -> None:
    """Write `out`/report.html, which holds its pictures, and report.md with plots/ beside it."""
    plots = draw_plots(stages, bundle)
    (out / "plots").mkdir(exist_ok=True)
    for plot in plots:
        write_atomically(out / "plots" / plot.file, plot.data)
    table = [[row["name"], *(_cell(row.get(column)) for column in COLUMNS)] for row in rows]
    headings = ["", *(HEADINGS.get(column, column) for column in COLUMNS)]
    kept = f"{100 * kept_lift(rows, 'litert'):.1f} % of the teacher's AUC above .5 is kept by the LiteRT bundle."
    parity = agreement(stages)
    parity_table = [[_cell(value) if not isinstance(value, str) else value for value in row.values()] for row in parity]
    protocol = str(stages.export.manifest["protocol"])
    dataset = json.dumps(stages.data.manifest["dataset"], sort_keys=True)
    markdown = ["# What each stage made", "", kept, "", _markdown_table(headings, table), ""]
    markdown += [f"Test split; {protocol}.", "", f"Data: `{dataset}`", ""]
    markdown += ["## Against torch, on the golden requests", "", _markdown_table(list(parity[0]), parity_table), ""]
    markdown += [f"![{plot.caption}](plots/{plot.file})\n\n{plot.caption}\n" for plot in plots]
    write_atomically(out / "report.md", "\n".join(markdown))
    figures = "".join(
        f'<figure><img alt="{html.escape(plot.caption)}" src="data:image/{plot.kind};base64,'
        f'{base64.b64encode(plot.data).decode()}"><figcaption>{html.escape(plot.caption)}</figcaption></figure>\n'
        for plot in plots
    )
    body = (
        f"<h1>What each stage made</h1>\n<p>{html.escape(kept)}</p>\n{_html_table(headings, table)}\n"
        f"<p>Test split; {html.escape(protocol)}.</p>\n{figures}"
        f"<h2>Against torch, on the golden requests</h2>\n{_html_table(list(parity[0]), parity_table)}\n"
        f"<p>Data: <code>{html.escape(dataset)}</code></p>"
    )
    page = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Ranker report</title><style>{STYLE}</style>'
    write_atomically(out / "report.html", f"{page}\n{body}\n</html>\n")


def _cell(value: int | float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


def _markdown_table(headings: list[str], rows: list[list[str]]) -> str:
    lines = [headings, ["---", *["---:"] * (len(headings) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _html_table(headings: list[str], rows: list[list[str]]) -> str:
    head = "".join(f"<th>{html.escape(text)}</th>" for text in headings)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in row) + "</tr>\n" for row in rows)
    return f"<table><tr>{head}</tr>\n{body}</table>"
