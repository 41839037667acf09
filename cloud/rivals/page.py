"""The comparison of rivals for people: a table for the terminal, a page with a plot."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

from matplotlib.figure import Figure as Drawing

from cloud.rivals.measure import Rival
from edge.bench.outputs.page import Picture, Table, page_html, picture_html, table_html
from edge.table import render

METRICS = {
    "auc": "AUC",
    "user_auc": "per-user AUC",
    "screen_auc": "within-screen AUC",
    "ndcg@10": "NDCG@10",
    "log_loss": "log loss",
}


def rivals_text(rivals: Sequence[Rival], protocol: str) -> str:
    """One line a rival, on all test rows; then AUC by group of rows, and the protocol."""
    headings = ("", *METRICS.values(), "training s", "bytes", "us a row")
    rows = [
        (
            rival.name,
            *(_defined(rival.figures["all"][metric].value) for metric in METRICS),
            _shown(rival.training_seconds),
            rival.model_bytes,
            _shown(rival.microseconds_a_row),
        )
        for rival in rivals
    ]
    parts = [render(headings, rows)]
    names = list(rivals[0].figures)
    if len(names) > 1:
        by_group = [(rival.name, *(_interval(rival, group) for group in names)) for rival in rivals]
        counts = [f"{name}: {rivals[0].rows[name]:,} rows" for name in names]
        parts.append(render(("AUC (95 of 100)", *counts), by_group))
    searched = [f"{rival.name}: {rival.search}" for rival in rivals if rival.search]
    return "\n\n".join([*parts, "\n".join(searched), f"protocol: {protocol}"])


def rivals_html(rivals: Sequence[Rival], name: str, protocol: str) -> str:
    """A whole page: a plot of AUC with its intervals, and the figures."""
    tables = [
        Table(
            f"{group}: {rivals[0].rows[group]:,} rows",
            ("", *METRICS.values()),
            [
                (rival.name, *(_unbroken(_with_interval(rival, group, metric)) for metric in METRICS))
                for rival in rivals
            ],
        )
        for group in rivals[0].figures
    ]
    costs = Table(
        "What they cost",
        ("", "training, seconds", "model, bytes", "microseconds a row"),
        [
            (rival.name, _text(rival.training_seconds), _text(rival.model_bytes), f"{rival.microseconds_a_row:.1f}")
            for rival in rivals
        ],
        " ".join(f"{rival.name}: {rival.search}." for rival in rivals if rival.search),
    )
    body = f"<h1>What any team could do with {name}</h1>\n<p>{protocol}.</p>\n{picture_html(_picture(rivals))}"
    return page_html(f"Rivals on {name}", body + "".join(map(table_html, [*tables, costs])))


def _picture(rivals: Sequence[Rival]) -> Picture:
    figure = Drawing(figsize=(9, 0.42 * len(rivals) + 1), layout="constrained")
    axes = figure.add_subplot()
    for place, rival in enumerate(rivals):
        for metric, colour, offset in (("auc", "#2266cc", -0.12), ("user_auc", "#cc8844", 0.12)):
            found = rival.figures["all"][metric]
            label = METRICS[metric] if place == 0 else None
            axes.plot([found.low, found.high], [place + offset] * 2, color=colour, linewidth=3, alpha=0.35)
            axes.plot([found.value], [place + offset], "o", color=colour, markersize=5, label=label)
    axes.axvline(0.5, color="#999999", linewidth=0.8)
    axes.set_yticks(range(len(rivals)), [rival.name for rival in rivals])
    axes.invert_yaxis()
    axes.grid(axis="x", color="#dddddd")
    figure.legend(loc="outside upper right", ncols=2, frameon=False)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None})
    caption = "AUC and per-user AUC on all test rows; a bar holds 95 of 100 draws of users, the line is a coin"
    return Picture("rivals", caption, "svg+xml", drawn.getvalue())


def _with_interval(rival: Rival, group: str, metric: str) -> str:
    found = rival.figures[group][metric]
    return "-" if math.isnan(found.value) else f"{found.value:.4f} ({found.low:.3f} to {found.high:.3f})"


def _unbroken(words: str) -> str:
    """Kept in one line of a table."""
    return words.replace(" ", "\N{NO-BREAK SPACE}")


def _interval(rival: Rival, group: str) -> str:
    return _with_interval(rival, group, "auc")


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else value


def _shown(value: float | None) -> str | None:
    return None if value is None else f"{value:.1f}"


def _text(value: float | int | None) -> str:
    return "-" if value is None else f"{value:,.1f}" if isinstance(value, float) else f"{value:,}"
