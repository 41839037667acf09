"""JSON values as a manifest may have them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

LARGEST_COUNT = 1 << 30  # of bytes, of layers, of whatever is counted


def parse_strictly(data: bytes) -> Any:
    """JSON in UTF-8 whose every number is finite, no key repeated, no half of a surrogate pair. Errors: ValueError."""
    value = json.loads(
        data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite
    )
    json.dumps(value, ensure_ascii=False).encode("utf-8")  # lone surrogates cannot be printed
    return value


def is_count(value: Any, least: int = 0, most: int = LARGEST_COUNT) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def is_number(value: Any) -> bool:
    """True if it is a finite number that a float can hold."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    try:
        return number and math.isfinite(value)
    except OverflowError:  # an integer too large for a float
        return False


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a key occurs twice")
    return values


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is larger than any number")
    return value
