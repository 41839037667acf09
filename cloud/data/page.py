"""What was prepared, as one page: the verdict, the pictures, and the tables of the report."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from cloud.data.log import PARTS
from cloud.data.plots import LAST_DATE, history_picture, number_pictures, time_picture
from cloud.data.report import tables
from cloud.data.times import YEAR
from cloud.data.words import described
from edge.pages.page import Finding, KeyFigure, Page, page_html


def prepared_html(summary: Mapping[str, Any], dataset: Mapping[str, Any], protocol: str, options: str) -> str:
    """A whole document that loads nothing from elsewhere; equal figures give an equal one.

    `options`: of the command that makes this run. The run's hash covers the page, so it has neither the clock's date
    nor a path: its date is that of the log's rows.
    """
    figures = summary["figures"]
    page = Page(
        title=f"Prepared: {dataset['name']}",
        facts=[
            ("Data", described(dataset)),
            ("Date (UTC)", _dates(figures["over_time"])),
            ("Command", f"edge prepare {options} --out DIR"),
            ("Settings", "config.json beside this page"),
            ("Protocol", f"{protocol}."),
        ],
        verdict=list(_verdict(summary)),
        figures=[
            KeyFigure("users", f"{summary['users']:,}"),
            KeyFigure("items", f"{summary['items']:,}"),
            *(KeyFigure(f"{name} rows", f"{figures['parts'][name]['rows']:,}",
                        f"{figures['parts'][name]['liked']:.1%} liked") for name in PARTS),
        ],
        warnings=summary["warnings"],
        pictures=[
            *([time_picture(figures["over_time"])] if figures["over_time"] else []),
            history_picture(figures["histories"]),
            *number_pictures(figures["numbers"]),
        ],
        tables=list(tables(summary)),
    )  # fmt: skip
    return page_html(page)


def _verdict(summary: Mapping[str, Any]) -> Iterator[Finding]:
    """How many warnings there are, the baseline to beat, and how long histories are."""
    count = len(summary["warnings"])
    yield Finding(f"{count} warning{'s' * (count != 1)}, above." if count else "No warnings.")
    known = {name: found["auc"] for name, found in summary["baselines"].get("test", {}).items() if _known(found["auc"])}
    if known:
        best = max(known, key=lambda name: known[name])
        yield Finding(f"The baseline to beat on test rows is {best}: AUC {known[best]:.4f}.")
    histories = summary["figures"]["histories"]
    yield Finding(
        f"Half of the test rows look back on {histories['test']['median']:,} earlier events or more, half of the "
        f"training rows on {histories['train']['median']:,} or more."
    )
    yield Finding(f"The vocabulary has {summary['vocabulary']:,} tokens.")


def _known(value: float | None) -> bool:
    return value is not None and not math.isnan(value)


def _dates(over_time: Mapping[str, Any] | None) -> str:
    if not over_time or over_time["edges"][0] < YEAR or over_time["edges"][-1] > LAST_DATE:
        return "the log's times are not dates"
    first, last = (datetime.fromtimestamp(over_time["edges"][place], UTC).date() for place in (0, -1))
    return f"rows of {first} to {last}"
