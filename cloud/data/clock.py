"""What the times of a whole log show that no single row does: another unit, dates as numbers, no time at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloud.data.schema import PER_SECOND, LogTable
from cloud.data.times import AS_ISO, LIKELY, YEAR
from edge.errors import EdgeError

Floats = NDArray[np.float64]


def require_unit(log: LogTable, time: Floats) -> None:
    """Errors: every time is in 1970, and a coarser unit than the one named puts them all between 1995 and 2100.

    A step number is read in seconds, of which there is none coarser.
    """
    per_second = PER_SECOND.get(log.time_unit)
    if per_second is None or time.min() < 0 or time.max() > YEAR:
        return
    for unit, other in PER_SECOND.items():
        coarser = time * (per_second / other)
        if LIKELY[0] <= coarser.min() and coarser.max() < LIKELY[1]:
            raise EdgeError(
                f"{log.path}: in {log.time_unit}, every {log.time!r} is in 1970",
                evidence=f"in {unit} they are from {_day(coarser.min())} to {_day(coarser.max())}",
                fix=f'time_unit = "{unit}" in [log]',
            )


def clock_warnings(log: LogTable, line: NDArray[Any], user: NDArray[Any], time: Floats) -> Iterator[EdgeError]:
    """Of events (event,) by user, then time: dates read as numbers, times of 1970 among others, users without order."""
    name = Path(log.path).name
    if log.time_unit in ("seconds", "s") and _are_dates(time):
        yield EdgeError(
            f"every {log.time!r} in {name} reads as a date, such as {time[0]:.0f}, and is taken for seconds", fix=AS_ISO
        )
    early = time < YEAR
    if early.any() and time.max() >= LIKELY[0]:
        yield EdgeError(
            f"{early.sum():,} of {len(time):,} events in {name} are of 1970 or before, others are of after 1995",
            evidence=f"the first of 1970 is in line {line[early].min()}",
            fix=f"write every {log.time!r} in one unit, and leave out rows where it is not known",
        )
    starts = np.flatnonzero(np.diff(user, prepend=-1))
    ends = np.append(starts[1:], len(user)) - 1
    several = ends > starts
    still = several & (time[starts] == time[ends])
    if still.sum() > several.sum() / 2:
        yield EdgeError(
            f"{still.sum():,} of {several.sum():,} users with more than one event have them all at one time in {name}",
            evidence="no event of theirs is earlier than another, so none is history to another",
            fix=f"see whether {log.time!r} is the time of the event",
        )


def _are_dates(time: Floats) -> bool:
    """True if all are of the form 20240501."""
    whole = time.astype(np.int64)
    year, month, day = whole // 10_000, whole // 100 % 100, whole % 100
    fits = (whole == time) & (year >= 1970) & (year < 2100) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    return bool(fits.all())


def _day(seconds: float) -> str:
    return str(np.datetime64(int(seconds), "s").astype("datetime64[D]"))
