"""Plain text tables for the terminal: words to the left, numbers to the right."""

from __future__ import annotations

from collections.abc import Sequence

Cell = str | int | float | bool | None


def render(headings: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """One line per row, columns aligned; None is shown as a dash, floats with four digits."""
    texts = [list(headings), *([_text(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in texts) for column in range(len(headings))]
    numeric = [all(_is_number(row[column]) for row in rows) for column in range(len(headings))]
    lines = []
    for line in texts:
        columns = zip(line, widths, numeric, strict=True)
        cells = [text.rjust(width) if right else text.ljust(width) for text, width, right in columns]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _is_number(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, int | float) and not isinstance(cell, bool))


def _text(cell: Cell) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}"
    if isinstance(cell, float):
        return f"{cell:.4f}"
    return cell if cell.isprintable() else ascii(cell)  # no terminal codes out of a bundle
