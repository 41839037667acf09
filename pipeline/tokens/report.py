"""The report that `edge run` ends with: one table and five plots, as HTML and as Markdown."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge.bench.outputs.page import Picture, Table, page_html, picture_html, table_html, table_markdown
from edge.files import write_atomically
from pipeline.road import Runs
from pipeline.tokens.plots import draw_plots
from pipeline.tokens.results import METRICS, agreement, kept_lift

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


def write_report(runs: Runs, rows: list[dict[str, Any]], bundle: Path, out: Path) -> None:
    """Write `out`/report.html, which holds its pictures, and report.md with plots/ beside it."""
    plots = draw_plots(runs, bundle)
    (out / "plots").mkdir(exist_ok=True)
    for plot in plots:
        write_atomically(out / "plots" / plot.file, plot.data)
    kept = f"{100 * kept_lift(rows, 'litert'):.1f} % of the teacher's AUC above .5 is kept by the LiteRT bundle."
    write_atomically(out / "report.md", _markdown(runs, rows, kept, plots))
    write_atomically(out / "report.html", _html(runs, rows, kept, plots))


def _tables(runs: Runs, rows: list[dict[str, Any]]) -> tuple[Table, Table]:
    headings = ("", *(HEADINGS.get(column, column) for column in COLUMNS))
    figures = [(row["name"], *(_cell(row.get(column)) for column in COLUMNS)) for row in rows]
    parity = [tuple(map(_cell, row.values())) for row in agreement(runs)]
    protocol = runs["export"].manifest["protocol"]
    return (
        Table("Every stage", headings, figures, f"Test split; {protocol}."),
        Table("Against torch, on the golden requests", tuple(agreement(runs)[0]), parity),
    )


def _markdown(runs: Runs, rows: list[dict[str, Any]], kept: str, plots: Sequence[Picture]) -> str:
    parts = ["# What each stage made", kept, *map(table_markdown, _tables(runs, rows)), f"Data: `{_data(runs)}`"]
    parts += [f"![{plot.caption}](plots/{plot.file})\n\n{plot.caption}" for plot in plots]
    return "\n\n".join(parts) + "\n"


def _html(runs: Runs, rows: list[dict[str, Any]], kept: str, plots: Sequence[Picture]) -> str:
    stages_table, parity = map(table_html, _tables(runs, rows))
    pictures = "".join(map(picture_html, plots))
    data = f"<p>Data: <code>{html.escape(_data(runs))}</code></p>"
    body = f"<h1>What each stage made</h1>\n<p>{html.escape(kept)}</p>\n{stages_table}{pictures}{parity}{data}"
    return page_html("Ranker report", body)


def _data(runs: Runs) -> str:
    return json.dumps(runs["data"].manifest["dataset"], sort_keys=True)


def _cell(value: int | float | str | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}" if isinstance(value, float) else value
