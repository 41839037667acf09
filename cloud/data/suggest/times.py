"""The unit of a column of times, whether users share its clock, and whether it is in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloud.data.schema import TimeUnit
from cloud.data.suggest.sample import Column
from cloud.data.times import LIKELY, YEAR, time_reader
from cloud.data.values import NUMBER, BadValueError

UNITS: tuple[TimeUnit, ...] = ("seconds", "milliseconds", "microseconds", "nanoseconds", "iso")
READ = 0.95  # share of the values
TRIED = 1_000
AT_ONCE = 0.5  # share of users whose first step is the first of all: each has a clock of their own


@dataclass(frozen=True)
class Clock:
    """`times` (row,) in seconds, or steps; NaN where a value is no time."""

    unit: TimeUnit
    steps: bool  # numbers that only say what came first
    own: bool  # the steps of each user start at the beginning
    sorted: bool  # within each user
    times: NDArray[np.float64]

    @property
    def described(self) -> str:
        known = self.times[~np.isnan(self.times)]
        if self.steps:
            return f"step numbers from {known.min():.0f} to {known.max():.0f}"
        first, last = (
            str(np.datetime64(int(moment), "s").astype("datetime64[D]")) for moment in (known.min(), known.max())
        )
        return f"{self.unit if self.unit == 'iso' else f'in {self.unit}'}, from {first} to {last}"


def read_clock(column: Column, user: Column) -> Clock | None:
    """None if the column holds no times."""
    unit, steps = _unit(column.kinds)
    if unit is None:
        return None
    read, found = time_reader(unit), np.full(len(column.distinct), np.nan)
    for place, value in enumerate(column.distinct):
        try:
            found[place] = read(value, column.name)
        except BadValueError:
            continue
    times = found[column.codes]
    return Clock(unit, steps, steps and _starts_anew(times, user), _is_sorted(times, user), times)


def time_problem(column: Column) -> tuple[str, str]:
    """(why it holds no times, what to do)."""
    if column.kinds and NUMBER.fullmatch(str(column.kinds[0])):
        return f"numbers such as {column.example}: no unit puts them between 1995 and 2100, nor are they steps", ""
    try:
        time_reader("iso")(column.kinds[0] if column.kinds else "", column.name)
    except BadValueError as error:
        return error.evidence, error.fix
    return f"it holds {column.example} among others", ""


def _unit(kinds: Sequence[Any]) -> tuple[TimeUnit | None, bool]:
    """(the unit, whether they are steps) of distinct values."""
    tried = list(islice(kinds, 0, None, max(1, len(kinds) // TRIED)))
    if any(isinstance(value, tuple) for value in tried) or not tried:
        return None, False
    if all(isinstance(value, date) for value in tried):
        return "seconds", False
    for unit in UNITS:
        found = [_seconds(value, unit) for value in tried]
        likely = [moment for moment in found if moment is not None and LIKELY[0] <= moment < LIKELY[1]]
        if len(likely) >= READ * len(tried):
            return unit, False
    steps = [_seconds(value, "seconds") for value in tried]
    known = [step for step in steps if step is not None and 0 <= step < YEAR and step == int(step)]
    return ("seconds", True) if len(known) == len(tried) and len(known) > 1 else (None, False)


def _seconds(value: Any, unit: TimeUnit) -> float | None:
    try:
        return time_reader(unit)(value, "")
    except BadValueError:
        return None


def _starts_anew(times: NDArray[np.float64], user: Column) -> bool:
    """True if the steps of most users begin at the first step of all."""
    first = np.full(len(user.distinct), np.inf)
    np.minimum.at(first, user.codes, np.where(np.isnan(times), np.inf, times))
    return bool((first == first.min()).mean() >= AT_ONCE)


def _is_sorted(times: NDArray[np.float64], user: Column) -> bool:
    order = np.argsort(user.codes, kind="stable")
    of_user, moments = user.codes[order], times[order]
    return not bool(((of_user[1:] == of_user[:-1]) & (moments[1:] < moments[:-1])).any())
