"""The comparison of rivals for people: a table for the terminal, a page with a picture."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from cloud.data.prepare import Checked
from cloud.data.words import described
from cloud.rivals.measure import Rival
from cloud.rivals.written import quality_title, with_interval
from edge.pages.drawing import QUIET, picture, styled
from edge.pages.page import OF_95, Finding, Page, page_html
from edge.pages.picture import Picture
from edge.pages.ranges import Range, range_figure
from edge.pages.table import Table
from edge.table import render

CHANCE = 0.5
METRICS = {
    "auc": "AUC",
    "user_auc": "per-user AUC",
    "screen_auc": "within-screen AUC",
    "ndcg@10": "NDCG@10",
    "log_loss": "log loss",
}


def rivals_text(rivals: Sequence[Rival], protocol: str) -> str:
    """One line per rival, on all test rows; then AUC by group of rows, and the protocol."""
    headings = ("", *METRICS.values(), "training s", "bytes", "us per row")
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
        by_group = [(rival.name, *(with_interval(rival.figures[group]["auc"]) for group in names)) for rival in rivals]
        counts = [f"{name}: {rivals[0].rows[name]:,} rows" for name in names]
        parts.append(render(("AUC (95 % interval)", *counts), by_group))
    searched = [f"{rival.name}: {rival.search}" for rival in rivals if rival.search]
    return "\n\n".join([*parts, "\n".join(searched), f"protocol: {protocol}"])


def rivals_html(rivals: Sequence[Rival], checked: Checked, made: datetime) -> str:
    """A whole page: the verdict, a picture of AUC with its intervals, and the figures.

    `made` may be the clock's: the page holds seconds, which no two runs share.
    """
    page = Page(
        title=f"Rivals: what other methods reach on {checked.dataset['name']}",
        facts=[
            ("Data", described(checked.dataset)),
            ("Date (UTC)", f"{made.astimezone(UTC):%Y-%m-%d %H:%M}"),
            ("Command", f"edge rivals {checked.options} --page rivals.html"),
            ("Protocol", f"{checked.protocol}."),
        ],
        verdict=list(_verdict(rivals)),
        key=OF_95,
        pictures=[_picture(rivals)],
        tables=[*(_figures(rivals, group) for group in rivals[0].figures), _costs(rivals), *_searches(rivals)],
    )
    return page_html(page)


def _verdict(rivals: Sequence[Rival]) -> Iterator[Finding]:
    """The best by each metric; the best of those that are not trained."""
    for metric in ("auc", "user_auc"):
        if best := _best(rivals, metric):
            reached = with_interval(best.figures["all"][metric])
            yield Finding(f"The best rival by {METRICS[metric]} is {best.name}: {METRICS[metric]} {reached}.")
    plain = [rival for rival in rivals if rival.training_seconds is None]
    if (best := _best(plain, "auc")) and len(plain) < len(rivals):
        yield Finding(
            f"The best rival that is not trained is {best.name}: AUC {with_interval(best.figures['all']['auc'])}."
        )


def _best(rivals: Sequence[Rival], metric: str) -> Rival | None:
    known = [rival for rival in rivals if not math.isnan(rival.figures["all"][metric].value)]
    return max(known, key=lambda rival: rival.figures["all"][metric].value, default=None)


def _figures(rivals: Sequence[Rival], group: str) -> Table:
    rows = [(rival.name, *(with_interval(rival.figures[group][metric]) for metric in METRICS)) for rival in rivals]
    return Table(quality_title(group, rivals[0].rows[group]), ("rival", *METRICS.values()), rows)


def _costs(rivals: Sequence[Rival]) -> Table:
    headings = ("rival", "training, seconds", "model, bytes", "microseconds per row")
    rows = [
        (rival.name, _text(rival.training_seconds), _text(rival.model_bytes), f"{rival.microseconds_a_row:.1f}")
        for rival in rivals
    ]
    return Table(
        "What each rival costs",
        headings,
        rows,
        "Microseconds: computing a rival's inputs and its scores, over all rows at once.",
    )


def _searches(rivals: Sequence[Rival]) -> Iterator[Table]:
    rows = [(rival.name, rival.search) for rival in rivals if rival.search]
    if rows:
        yield Table("How their settings were chosen", ("rival", "searched"), rows)


def _picture(rivals: Sequence[Rival]) -> Picture:
    def ranges(metric: str) -> list[Range]:
        found = [rival.figures["all"][metric] for rival in rivals]
        return [(one.value, one.low, one.high) for one in found]

    with styled():
        names = [rival.name for rival in rivals]
        figure, axes = range_figure(names, {METRICS[metric]: ranges(metric) for metric in ("auc", "user_auc")})
        axes.axvline(CHANCE, color=QUIET, linewidth=0.8)
        axes.set_xlabel("AUC and per-user AUC on all test rows")
        caption = f"A bar is the 95 % interval over users. The vertical line at {CHANCE} is chance."
        return picture("rivals", "How well does each rival rank?", caption, figure)


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else value


def _shown(value: float | None) -> str | None:
    return None if value is None else f"{value:.1f}"


def _text(value: float | int | None) -> str:
    return "-" if value is None else f"{value:,.1f}" if isinstance(value, float) else f"{value:,}"
