"""Text and tables as GitHub's Markdown, which shows them as they are."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from edge.inspect.describe import printable

_MARKUP = re.compile(r"([\\`*_\[\]|~#])")


def escaped(text: str) -> str:
    """Shown as it is: no markup, no HTML, no mention of a GitHub user."""
    plain = html.escape(printable(text.replace("\n", " ")), quote=False)
    return _MARKUP.sub(r"\\\1", plain).replace("@", "&#64;").replace("$", "&#36;")  # GitHub renders $...$ as math


def markdown_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table: the first column to the left, the others, mostly numbers, to the right."""
    rule = ["---", *["---:"] * (len(headings) - 1)]
    cells = [list(map(escaped, line)) for line in (headings, *rows)]
    return [f"| {' | '.join(line)} |" for line in (cells[0], rule, *cells[1:])]
