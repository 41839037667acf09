"""Numbers as a manifest may have them."""

from __future__ import annotations

import math
from typing import Any

LARGEST_COUNT = 1 << 30  # of bytes, of layers, of whatever is counted


def is_count(value: Any, least: int = 0, most: int = LARGEST_COUNT) -> bool:
    """True for an integer from `least` to `most`; booleans are not integers here."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def is_number(value: Any) -> bool:
    """True if it is a finite number that a float can hold."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    try:
        return number and math.isfinite(value)
    except OverflowError:  # an integer too large for a float
        return False
