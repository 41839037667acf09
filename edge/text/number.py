"""What a number of an entry is: an attribute that the app sends, or a function of the user's history."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from edge.config import setting
from edge.errors import EdgeError

MAX_NUMBERS = 64
CLIP = 4.0  # standard deviations
LONGEST_NAME = 100  # of an attribute, in characters


@dataclass(frozen=True)
class Number:
    """One number of an event or a candidate. SPEC.md, section 8, says how it is computed.

    `of` names "item.X" or "user.X" without a `history`; with one, "X" of the past events or "item.X" of their items.
    `prior` None: preparation writes the mean over training rows. `mean` and `spread` are those of training rows.
    """

    name: str
    of: str = ""
    history: Literal["", "count", "mean", "seconds"] = ""
    minus: str = ""  # mean: subtracted from `of`, also of the past event
    where: str = ""  # only events with this attribute true or not 0
    last: int = 0  # only so many newest events; 0: all
    same: str = ""  # only events whose item shares a value of this attribute with the entry's
    over: Literal["mean", "most", "least"] = "mean"  # of the entry's several values of `same`
    smoothing: float = 0.0  # mean: events of the prior that are counted in
    prior: float | None = None
    transform: Literal["", "log1p"] = ""
    mean: float = 0.0
    spread: float = 1.0

    def __post_init__(self) -> None:
        _check(self)


def check_numbers(numbers: Sequence[Number]) -> None:
    """Errors: two of one name, more than `MAX_NUMBERS`."""
    if len(numbers) > MAX_NUMBERS:
        raise EdgeError(
            f"{setting('numbers')} has {len(numbers)} entries, {MAX_NUMBERS} at most",
            fix=f"keep {MAX_NUMBERS} or fewer",
        )
    names = [number.name for number in numbers]
    for name in names:
        if names.count(name) > 1:
            raise EdgeError(f"{setting('numbers')} names {name!r} twice", fix="give each number its own name")


def _check(number: Number) -> None:
    named = f"the number {number.name!r}"
    if not number.name.strip(" "):
        raise EdgeError("a number has no name", fix='name = "views"')
    if number.history:
        _check_history(number, named)
    else:
        prefix, _, rest = number.of.partition(".")
        if prefix not in ("item", "user") or not _is_attribute(rest):
            raise EdgeError(
                f"{named} reads {number.of!r}", fix='name an attribute, of = "item.price", or a history = "count"'
            )
        _check_unused(number, named, "without history", "minus", "where", "last", "same", "smoothing", "prior")
    for field in ("mean", "spread", "smoothing", "prior"):
        value = getattr(number, field)
        if value is not None and not math.isfinite(value):
            raise EdgeError(f"{named} has {field} = {value}", fix="give a finite number")
    if number.spread <= 0:
        raise EdgeError(f"{named} has spread = {number.spread:g}", fix="give a standard deviation above 0")
    if number.smoothing < 0:
        raise EdgeError(f"{named} has smoothing = {number.smoothing:g}", fix="give a number of events, 0 or more")
    if not 0 <= number.last <= 2**31:
        raise EdgeError(f"{named} has last = {number.last}", fix="give a number of events, or 0 for all")


def _check_history(number: Number, named: str) -> None:
    kind = f'with history = "{number.history}"'
    if number.history != "mean":
        _check_unused(number, named, kind, "of", "minus", "smoothing", "prior")
    elif not number.of:
        raise EdgeError(f"{named} is a mean without 'of'", fix='of = "liked"')
    for field in ("of", "minus"):
        value = getattr(number, field)
        if value and not _is_attribute(value.removeprefix("item.")):
            raise EdgeError(
                f"{named} has {field} = {value!r}", fix=f'{field} = "liked", or an attribute of the item: "item.price"'
            )
    for field in ("where", "same"):
        value = getattr(number, field)
        if value and not _is_attribute(value):
            fix = "an attribute's name alone: of the event in where, of the item in same"
            raise EdgeError(f"{named} has {field} = {value!r}", fix=fix)
    if not number.same:
        _check_unused(number, named, "without same", "over")
        if number.history == "seconds":
            _check_unused(number, named, f"{kind} and without same", "last")


def _is_attribute(name: str) -> bool:
    return 0 < len(name) <= LONGEST_NAME and "." not in name


def _check_unused(number: Number, named: str, kind: str, *fields: str) -> None:
    """A setting that would be ignored is a mistake."""
    for field in fields:
        if getattr(number, field) != Number.__dataclass_fields__[field].default:
            raise EdgeError(
                f"{named} has {field} = {getattr(number, field)!r}, which {kind} means nothing",
                fix=f"leave {field} out",
            )
