"""JSON as the files of a bundle may have it: read strictly."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

LARGEST_COUNT = 1 << 30  # of bytes, of layers, of whatever is counted
LONGEST_INTEGER = 400  # digits, more than any double has


def parse_strictly(data: bytes) -> Any:
    """JSON in UTF-8 whose every number is finite, no key repeated, no half of a surrogate pair. Errors: ValueError."""
    hooks = {"parse_constant": _no_constant, "parse_float": _finite, "parse_int": _integer}
    value = json.loads(data.decode("utf-8"), object_pairs_hook=unique_keys, **hooks)  # type: ignore[arg-type]
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


def unique_keys(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these keys and values, for `json.loads`. Errors: ValueError, a key occurs twice."""
    values = dict(pairs)
    if len(values) < len(pairs):
        seen: set[str] = set()
        repeated = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {ascii(repeated)[:60]} stands twice in one object")
    return values


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is larger than any number")
    return value


def _integer(text: str) -> int:
    if len(text) > LONGEST_INTEGER:  # Python's own limit is higher, and its error is about a setting of Python
        raise ValueError(f"an integer of {len(text):,} digits is larger than any number")
    return int(text)
