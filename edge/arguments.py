"""Checks of what a caller passes: the same for Python and for the command line."""

from __future__ import annotations

import math
from numbers import Integral, Real

from edge.errors import EdgeError


def check_number(name: str, value: object, least: float = 0.0, most: float = math.inf, fix: str = "") -> None:
    """Refuse what is not a finite number from `least` to `most`; text and truth values are not numbers."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise EdgeError(f"{name} must be a number, not {_shown(value)}", fix=fix)
    number = float(value)
    if not (least <= number <= most and math.isfinite(number)):
        raise EdgeError(f"{name} is {value}, it must be {_range(least, most)}", fix=fix)


def check_count(name: str, value: object, least: int = 1, most: float = math.inf, fix: str = "") -> None:
    """Refuse what is not a whole number from `least` to `most`."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise EdgeError(f"{name} must be a whole number, not {_shown(value)}", fix=fix)
    if not least <= int(value) <= most:
        raise EdgeError(f"{name} is {value}, it must be {_range(least, most)}", fix=fix)


def _range(least: float, most: float) -> str:
    return f"from {least:g} to {most:g}" if math.isfinite(most) else f"{least:g} or more"


def _shown(value: object) -> str:
    text = repr(value)
    return f"{text if len(text) <= 60 else text[:57] + '...'} ({type(value).__name__})"
