"""Rows in calls of the sizes that an engine has."""

from __future__ import annotations

from collections.abc import Sequence


def pieces(length: int, sizes: Sequence[int]) -> list[tuple[int, int, int]]:
    """(start, stop, size) that cover `length` rows: the largest of ascending sizes again and again, then one that fits
    the rest."""
    largest = sizes[-1]
    covered = []
    for start in range(0, length, largest):
        stop = min(start + largest, length)
        covered.append((start, stop, next(size for size in sizes if size >= stop - start)))
    return covered
