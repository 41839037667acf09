"""A treemap as SVG: areas are bytes, colours are sections, what is too small for a label has a tooltip."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

from edge.inspect.squarify import Box, squarify

WIDTH, HEIGHT = 900, 600
_MAP = Box(10, 40, WIDTH - 20, HEIGHT - 94)
_FONT_SIZES = (14, 12, 10, 9)
_CHARACTER, _LINE = 0.62, 1.3  # of a monospaced font, to its size: no common one is wider
_MARGIN = 4  # between a label and its box
_COLOURS = ("#8ecae6", "#f4c27a", "#a8d5a2", "#d9b3e6", "#f2a6a0", "#e8dd84", "#b9c4d0", "#d6b99a")
_STYLE = """
.treemap-page { fill: #ffffff } .treemap-text { fill: #1b1f24 } .treemap-tile { stroke: #ffffff; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
  .treemap-page { fill: #16191d } .treemap-text { fill: #e6e8ea } .treemap-tile { stroke: #16191d }
}
text { font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace }
"""


@dataclass(frozen=True)
class Tile:
    """A piece of the whole; `detail` is for its tooltip."""

    section: str
    name: str
    bytes: int
    detail: str = ""


def treemap(heading: str, tiles: Sequence[Tile]) -> str:
    """A standalone SVG, the same for the same tiles; tiles of no bytes are left out."""
    tiles = sorted((tile for tile in tiles if tile.bytes > 0), key=lambda tile: (-tile.bytes, tile.name))
    total = sum(tile.bytes for tile in tiles)
    sections = {section: [tile for tile in tiles if tile.section == section] for section in {t.section for t in tiles}}
    sizes = {section: sum(tile.bytes for tile in mine) for section, mine in sections.items()}
    ordered = sorted(sizes, key=lambda section: (-sizes[section], section))
    drawn: list[str] = []
    for number, (section, box) in enumerate(zip(ordered, squarify([sizes[s] for s in ordered], _MAP), strict=True)):
        mine = sections[section]
        for tile, place in zip(mine, squarify([tile.bytes for tile in mine], box), strict=True):
            drawn.append(_tile(tile, place, _colour(number), total))
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'role="img">',
        f"<title>{_escaped(heading)}</title>",
        f"<style>{_STYLE}</style>",
        f'<rect class="treemap-page" width="{WIDTH}" height="{HEIGHT}" rx="6"/>',
        _heading(heading),
        *drawn,
        *_legend(ordered, sizes, total),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _heading(heading: str) -> str:
    size = min(15.0, (WIDTH - 2 * _MAP.left) / (max(len(heading), 1) * _CHARACTER))
    return f'<text class="treemap-text" x="{_MAP.left:g}" y="26" font-size="{size:.2f}">{_escaped(heading)}</text>'


def _tile(tile: Tile, box: Box, colour: str, total: int) -> str:
    """Its box, which clips what is in it, with a tooltip and, where there is room, a label."""
    amount = f"{tile.bytes:,} bytes, {100 * tile.bytes / total:.1f} %"  # ", " is where a label may break it
    tooltip = "\n".join(text for text in (tile.name, tile.section, amount, tile.detail) if text)
    label = _label(tile.name, amount, box)
    return (
        f'<svg x="{box.left:.2f}" y="{box.top:.2f}" width="{box.width:.2f}" height="{box.height:.2f}">'
        f"<title>{_escaped(tooltip)}</title>"
        f'<rect class="treemap-tile" width="100%" height="100%" fill="{colour}"/>{label}</svg>'
    )


def _label(name: str, amount: str, box: Box) -> str:
    """Name and amount in the largest font that fits, on as many lines as that takes; else nothing."""
    for size in _FONT_SIZES:
        columns = int((box.width - 2 * _MARGIN) / (size * _CHARACTER))
        lines = [*_wrapped(name, columns), *([amount] if len(amount) <= columns else amount.split(", "))]
        fits = max(map(len, lines)) <= columns and len(lines) * size * _LINE <= box.height - 2 * _MARGIN
        if fits:
            spans = "".join(
                f'<tspan x="{_MARGIN}" y="{_MARGIN + size * (1 + place * _LINE):.1f}">{_escaped(line)}</tspan>'
                for place, line in enumerate(lines)
            )
            return f'<text fill="#14171a" font-size="{size}">{spans}</text>'
    return ""


def _wrapped(text: str, columns: int) -> list[str]:
    """Lines broken after a separator; longer than `columns` only where there is none."""
    lines = [""]
    for piece in re.findall(r"[^._/]+[._/]*|[._/]+", _plain(text)):
        if lines[-1] and len(lines[-1] + piece) > columns:
            lines.append("")
        lines[-1] += piece
    return lines


def _legend(ordered: Sequence[str], sizes: dict[str, int], total: int) -> list[str]:
    """A square and a line per section, four a row."""
    width, size = _MAP.width / 4, 11
    entries = []
    for number, section in enumerate(ordered):
        left = _MAP.left + number % 4 * width
        top = _MAP.top + _MAP.height + 12 + number // 4 * 18
        text = f"{section} {sizes[section]:,} ({100 * sizes[section] / total:.1f} %)"
        fitting = min(size, (width - 20) / (len(text) * _CHARACTER))
        entries.append(
            f'<rect x="{left:g}" y="{top:g}" width="11" height="11" fill="{_colour(number)}"/>'
            f'<text class="treemap-text" x="{left + 16:g}" y="{top + 9:g}" font-size="{fitting:.2f}">'
            f"{_escaped(text)}</text>"
        )
    return entries


def _colour(number: int) -> str:
    return _COLOURS[number % len(_COLOURS)]


def _plain(text: str) -> str:
    """Without what XML does not allow or a font may draw wider."""
    return text if text.isascii() and text.isprintable() else ascii(text)[1:-1]


def _escaped(text: str) -> str:
    return html.escape("\n".join(map(_plain, text.split("\n"))))
