"""Boxes in proportion to numbers (Bruls, Huizing & van Wijk, "Squarified Treemaps", 2000)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """A rectangle, `left` and `top` its corner."""

    left: float
    top: float
    width: float
    height: float

    @property
    def area(self) -> float:
        return self.width * self.height


def squarify(sizes: Sequence[float], box: Box) -> list[Box]:
    """A box each, in order, that tile `box`, as square as can be; sizes are positive, largest first."""
    scale = box.area / sum(sizes) if sizes else 0.0
    rest = [size * scale for size in sizes]  # areas
    boxes: list[Box] = []
    while rest:
        row = _best_row(rest, min(box.width, box.height))
        laid, box = _lay(row, box)
        boxes += laid
        rest = rest[len(row) :]
    return boxes


def _best_row(areas: Sequence[float], side: float) -> Sequence[float]:
    """As many of the next areas as make the row's worst aspect ratio best."""
    count = 1
    while count < len(areas) and _worst(areas[: count + 1], side) <= _worst(areas[:count], side):
        count += 1
    return areas[:count]


def _worst(row: Sequence[float], side: float) -> float:
    """The greatest aspect ratio of areas laid along `side`, largest first."""
    thickness = sum(row) / side
    return max(row[0] / thickness**2, thickness**2 / row[-1])


def _lay(row: Sequence[float], box: Box) -> tuple[list[Box], Box]:
    """The row along the shorter side of `box`, and what is left of it."""
    upright = box.width >= box.height  # a column at the left
    thickness = sum(row) / (box.height if upright else box.width)
    laid, reached = [], 0.0
    for area in row:
        length = area / thickness
        if upright:
            laid.append(Box(box.left, box.top + reached, thickness, length))
        else:
            laid.append(Box(box.left + reached, box.top, length, thickness))
        reached += length
    if upright:
        return laid, Box(box.left + thickness, box.top, max(box.width - thickness, 0.0), box.height)
    return laid, Box(box.left, box.top + thickness, box.width, max(box.height - thickness, 0.0))
