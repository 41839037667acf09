"""How attribute values become words: decimal-exact, no locale, the same on every platform."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

from edge.text.types import Value

LARGEST = 10**15  # numbers outside +-LARGEST are refused
TOP_BUCKETS = (1, 2, 5, 10, 20, 50)  # percent
UNITS = (
    ("year", 365 * 86400),
    ("month", 30 * 86400),
    ("week", 7 * 86400),
    ("day", 86400),
    ("hour", 3600),
    ("minute", 60),
)


class WordingError(ValueError):
    """A value that cannot be worded; the template that met it says where."""


def is_missing(value: Value) -> bool:
    """Nothing to say: None, text of spaces alone, an empty list, NaN."""
    if isinstance(value, str):
        return not value.strip(" ")
    return value is None or value == () or (isinstance(value, float) and math.isnan(value))


def plain(value: Value) -> str:
    """The wording without a filter: text as it is, numbers by `number`, lists by `listing`, yes or no."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return listing(value)
    if not isinstance(value, int | float):
        raise WordingError(f"needs text, a number, true or false, or a tuple of strings, got {value!r:.60}")
    return number(value)


def decimal(value: Value) -> Decimal:
    """The shortest decimal that parses to the same double; refuses what is no number or too large."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WordingError(f"needs a number, got {value!r:.60}")
    if not -LARGEST <= value <= LARGEST:
        raise WordingError(f"needs a number between -1e15 and 1e15, got {value!r:.60}")
    return Decimal(value) if isinstance(value, int) else Decimal(repr(float(value)))


def number(value: Value) -> str:
    """At most two decimals, halves away from zero, no trailing zeros: 3.145 -> "3.15", 4.0 -> "4"."""
    if type(value) is int and -LARGEST <= value <= LARGEST:
        return str(value)
    text = str(decimal(value).quantize(Decimal("0.01"), ROUND_HALF_UP)).rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def share(value: Value) -> Decimal:
    """The exact decimal of a share. Errors: a value outside 0 to 1."""
    exact = decimal(value)
    if not 0 <= exact <= 1:
        raise WordingError(f"needs a share between 0 and 1, got {value!r:.60}")
    return exact


def percent(value: Value) -> str:
    """A share to the nearest 5 percent, halves up: 0.775 -> "about 80 percent"."""
    steps = (share(value) * 20 + Decimal("0.5")).to_integral_value(ROUND_FLOOR)
    return f"about {int(steps) * 5} percent"


def top(value: Value) -> str:
    """A rank share as the smallest bucket that holds it: 0.03 -> "the 5 percent most"; above 0.5 nothing."""
    rank = share(value) * 100
    for bucket in TOP_BUCKETS:
        if rank <= bucket:
            return f"the {bucket} percent most"
    return ""


def listing(value: Value) -> str:
    """The strings joined by ", ". Errors: a value that is not a tuple of strings."""
    if not isinstance(value, tuple):
        raise WordingError(f"needs a tuple of strings, got {value!r:.60} ({type(value).__name__})")
    try:
        return ", ".join(value)
    except TypeError:
        raise WordingError(f"needs a tuple of strings, got {value!r:.60}") from None


def lower(value: Value) -> str:
    """A-Z to a-z and nothing else: the normaliser lowercases the rest, from one table."""
    text = plain(value)
    return "".join(chr(ord(char) + 32) if "A" <= char <= "Z" else char for char in text)


def ago(value: Value) -> str:
    """Seconds in the past in the largest unit that fits, rounded down: 180000 -> "2 days ago"."""
    seconds = decimal(value)
    for unit, length in UNITS:
        count = int(seconds // length)
        if count >= 1:
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "moments ago"


def choose(value: Value, when_true: str, when_false: str) -> str:
    """One of two words. Errors: a value that is neither true nor false."""
    if not isinstance(value, bool):
        raise WordingError(f"needs true or false, got {value!r:.60}")
    return when_true if value else when_false


FILTERS: dict[str, Callable[..., str]] = {
    "number": number,
    "percent": percent,
    "top": top,
    "list": listing,
    "lower": lower,
    "ago": ago,
    "choose": choose,
}
ARGUMENTS = {"choose": 2}  # filters that take words after a colon; the others take none
