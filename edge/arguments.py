"""Checks of what a caller passes: the same for Python and for the command line."""

from __future__ import annotations

import math
from numbers import Integral, Real

from edge.errors import EdgeError


def check_number(
    name: str, value: object, least: float = 0.0, most: float = math.inf, fix: str = "", above: bool = False
) -> None:
    """Refuse what is not a finite number from `least`, or `above` it, to `most`; text and truth values are none."""
    if not _is(Real, value):
        raise EdgeError(f"{name} must be a number, not {shown(value)} ({type(value).__name__})", fix=fix)
    number = _float(value)
    if not (least <= number <= most and math.isfinite(number)) or (above and number == least):
        finite = "" if math.isfinite(number) or math.isfinite(most) else "a finite float, "
        raise EdgeError(f"{name} is {shown(value)}, it must be {finite}{_range(least, most, above)}", fix=fix)


def check_count(name: str, value: object, least: int = 1, most: float = math.inf, fix: str = "") -> None:
    """Refuse what is not a whole number from `least` to `most`."""
    if not _is(Integral, value):
        raise EdgeError(f"{name} must be a whole number, not {shown(value)} ({type(value).__name__})", fix=fix)
    if not least <= int(value) <= most:  # type: ignore[call-overload]
        raise EdgeError(f"{name} is {shown(value)}, it must be {_range(least, most)}", fix=fix)


def check_share(name: str, value: object, fix: str = "", usual: float = 0.0) -> None:
    """Refuse what is not a number from 0 to 1; per cent are recognised if the share would be a `usual` one or more."""
    if _is(Real, value) and 1 < _float(value) <= 100 and _float(value) / 100 >= usual:
        fix = f"it is a share: did you mean {_float(value) / 100:g}?"
    check_number(name, value, most=1.0, fix=fix)


def check_switch(name: str, value: object) -> None:
    """Refuse what is neither true nor false."""
    if type(value).__name__ not in ("bool", "bool_"):  # the second is numpy's
        raise EdgeError(
            f"{name} must be true or false, not {shown(value)} ({type(value).__name__})",
            fix="pass True or False (in JSON and TOML: true or false)",
        )


def _is(kind: type, value: object) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def _float(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except OverflowError:  # a whole number that no float can hold
        return math.inf


def _range(least: float, most: float, above: bool = False) -> str:
    if math.isfinite(most):
        return f"above {_plain(least)}, at most {_plain(most)}" if above else f"from {_plain(least)} to {_plain(most)}"
    return f"above {_plain(least)}" if above else f"{_plain(least)} or more"


def _plain(bound: float) -> str:
    """1,000,000 rather than 1e+06."""
    return f"{int(bound):,}" if abs(bound) >= 10_000 and bound == int(bound) else f"{bound:g}"


def shown(value: object) -> str:
    """A value in a message, cut."""
    if type(value).__module__ == "numpy" and isinstance(value, Real):
        value = value.item()  # type: ignore[attr-defined]
    try:
        text = repr(value)
    except ValueError:  # Python prints no whole number of more than 4,300 digits
        return "a number of thousands of digits"
    except Exception:  # a class of the caller's that cannot be printed
        return "an object"
    return text if len(text) <= 60 else text[:57] + "..."
