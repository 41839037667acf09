"""What was prepared, as one page: the tables of the report, and pictures."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

from cloud.data.plots import history_picture, number_pictures, time_picture
from cloud.data.report import sentences, tables
from edge.bench.outputs.page import Picture, page_html, picture_html, table_html

OPTION = re.compile(r"--[a-z-]+(?: [a-z_.]+=[\w.]+)?")  # of the command line, which no line break may divide


def prepared_html(summary: Mapping[str, Any], dataset: Mapping[str, Any], protocol: str) -> str:
    """A whole document that loads nothing from elsewhere; equal figures give an equal one."""
    title = f"Prepared: {dataset['name']}"
    figures = summary["figures"]
    pictures = {
        "Rows, users and screens": [time_picture(figures["over_time"])] if figures["over_time"] else [],
        "Histories": [history_picture(figures["histories"])],
        "Numbers": number_pictures(figures["numbers"]),
    }
    parts = [f"<h1>{html.escape(title)}</h1>\n"]
    parts += [f"<p>{html.escape(sentence)}</p>\n" for sentence in sentences(summary, dataset, protocol)]
    parts.append(_warnings(summary["warnings"]))
    for one in tables(summary):
        parts += [table_html(one), _side_by_side(pictures.get(one.title, ()))]
    return page_html(title, "".join(parts))


def _warnings(warnings: Sequence[str]) -> str:
    if not warnings:
        return "<p>No warnings.</p>\n"
    lines = [[OPTION.sub(r"<code>\g<0></code>", html.escape(line)) for line in each.split("\n")] for each in warnings]
    listed = map("<br>".join, lines)
    items = "".join(f"<li>{warning}</li>\n" for warning in listed)
    return f'<section class="warnings">\n<h2>Warnings</h2>\n<ul>\n{items}</ul>\n</section>\n'


def _side_by_side(pictures: Sequence[Picture]) -> str:
    """As many beside each other as there is room for."""
    return f'<div class="pictures">\n{"".join(map(picture_html, pictures))}</div>\n' if pictures else ""
