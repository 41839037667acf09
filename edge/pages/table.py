"""A table of text cells, laid out by what is in its columns; and as Markdown."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from edge.pages.markdown import escaped, markdown_table

Row = tuple[str, ...]
LONG = 30  # rows, from which on a table is folded
PROSE = 26  # characters of a cell, from which on its column may break lines
_FIGURE = re.compile(r"[-+±]?[.\d]")


@dataclass(frozen=True)
class Screen:
    """As page.css lays it out, in a browser's points; `prose` is the least width of such a column, in characters."""

    name: str
    points: float
    character: float
    padding: float
    prose: int


SCREENS = (Screen("phone", 388, 7.2, 12.8, 19), Screen("desktop", 1088, 7.9, 22.4, 22))


@dataclass(frozen=True)
class Table:
    """`before` stands above it, `note` below. Every column has a heading."""

    title: str
    headings: Row
    rows: Sequence[Row]
    note: str = ""
    before: Sequence[str] = ()

    @property
    def folded(self) -> bool:
        """Whether a page shows it folded."""
        return len(self.rows) >= LONG

    @property
    def columns(self) -> list[str]:
        """How each is laid out: "numbers" to the right, "words" and "prose" to the left; only prose breaks lines."""
        return [_kind([row[place] for row in self.rows]) for place in range(len(self.headings))]

    @property
    def room(self) -> str:
        """The least screen that is sure to show it without scrolling: "phone", "desktop" or "none"."""
        fitting = (screen.name for screen in SCREENS if self._points(screen) <= screen.points)
        return next(fitting, "none")

    def _points(self, screen: Screen) -> float:
        """How wide it is at least; headings break between words."""
        needed = 0.0
        for place, kind in enumerate(self.columns):
            cells = max((len(row[place]) for row in self.rows), default=0)
            shown = min(cells, screen.prose) if kind == "prose" else cells
            words = max(map(len, self.headings[place].split()), default=0)
            needed += max(shown, words) * screen.character + screen.padding
        return needed


def figure(value: float | None, digits: int = 4) -> str:
    """The text of a cell: a dash where the figure is not defined."""
    return "-" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def table_markdown(table: Table) -> str:
    """Its title, its rows and its note."""
    lines = markdown_table(table.headings, table.rows)
    if table.folded:
        lines = [f"<details><summary>{len(table.rows)} rows</summary>", "", *lines, "", "</details>"]
    before = [line for text in table.before for line in (escaped(text), "")]
    note = ["", escaped(table.note)] if table.note else []
    return "\n".join([f"#### {escaped(table.title)}", "", *before, *lines, *note, ""])


def _kind(cells: Sequence[str]) -> str:
    stated = [cell for cell in cells if cell not in ("", "-")]
    if stated and all(_FIGURE.match(cell) and len(cell) <= PROSE + 8 for cell in stated):
        return "numbers"
    return "prose" if any(len(cell) > PROSE for cell in stated) else "words"
