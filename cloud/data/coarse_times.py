"""Numbers that are times of a unit no setting reads, and that pass as seconds: minutes, hours, days, dates."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cloud.data.bad_rows import FIRST_KEPT
from cloud.data.counts import slices
from cloud.data.schema import LogTable
from cloud.data.times import AS_ISO
from edge.errors import EdgeError

Floats = NDArray[np.float64]
PLAUSIBLE = (883_612_800, 2_082_758_400)  # 1998 and 2036: where a unit must put times to be the one that was meant
NEARLY_ALL = 0.95
STEPS = 'if they are step numbers: nothing where all users share them, clock = "user" in [log] where each has its own'


@dataclass(frozen=True)
class Unit:
    """A time is `seconds` * (number - `zero`) after 1970; `span` is what events of one number share."""

    name: str
    seconds: int
    span: str
    zero: int = 0

    def number(self, moment: float) -> float:
        """The number that an app would have written in this unit for a moment in seconds since 1970."""
        return moment / self.seconds + self.zero

    def moment(self, number: float) -> float:
        """Seconds since 1970 of a number in this unit."""
        return (number - self.zero) * self.seconds

    @property
    def formula(self) -> str:
        """The conversion to seconds, as text for a message."""
        return f"(number - {self.zero}) * {self.seconds}" if self.zero else f"number * {self.seconds}"


UNITS = (
    Unit("minutes since 1970", 60, "minute"),
    Unit("hours since 1970", 3600, "hour"),
    Unit("days since 1970", 86_400, "day"),
    Unit("days since 1900, as spreadsheets count", 86_400, "day", zero=25_569),
)


def unit_of(log: LogTable, time: Floats) -> Unit | None:
    """The unit that puts nearly all times between 1998 and 2036, where they are read as seconds and all of 1970."""
    if log.clock != "shared" or not _as_seconds(log) or not len(time):
        return None
    for unit in UNITS:
        low, high = (unit.number(moment) for moment in PLAUSIBLE)
        fits = sum(int(((time[at] >= low) & (time[at] < high)).sum()) for at in slices(len(time)))
        if fits >= NEARLY_ALL * len(time):
            dates = sum(int(_dates(time[at]).sum()) for at in slices(len(time)))
            return None if dates > len(time) / 2 else unit
    return None


def are_dates(log: LogTable, time: Floats) -> bool:
    """True if all are of the form 20240501 and read as seconds."""
    return _as_seconds(log) and all(_dates(time[at]).all() for at in slices(len(time)))


def unit_warnings(log: LogTable, time: Floats) -> list[EdgeError]:
    """Dates read as numbers; minutes, hours and days taken for seconds; times that are all before 1970."""
    name = Path(log.path).name
    if are_dates(log, time):
        problem = f"every {log.time!r} in {name} reads as a date, such as {time[0]:.0f}, and is taken for seconds"
        return [EdgeError(problem, fix=AS_ISO)]
    if unit := unit_of(log, time):
        low, high = (day(unit.moment(float(number))) for number in np.quantile(time, [0.05, 0.95]))
        return [
            EdgeError(
                f"{log.time!r} in {name} may be {unit.name}, and is taken for seconds",
                evidence=f"{np.median(time):.15g} in seconds is {day(float(np.median(time)))}; in {unit.name} most are "
                f"from {low} to {high}",
                fix=f"if they are {unit.name}, have the app write seconds, or write {unit.formula} in their place; "
                f"{STEPS}",
            )
        ]
    if log.clock == "shared" and time.max() <= 0 and time.min() < 0:
        return [
            EdgeError(
                f"every {log.time!r} in {name} is before 1970",
                evidence=f"they are from {day(time.min())} to {day(time.max())}",
                fix=f"write the time at which each event happened, in seconds since 1970; {STEPS}",
            )
        ]
    return []


def cause_of_duplicates(log: LogTable, time: Floats) -> str:
    """What to do about events that are duplicates because their times are too coarse; "" if the times are not."""
    if are_dates(log, time):
        return (
            f"{AS_ISO}, as every {log.time!r} reads as a date, such as {time[0]:.0f}; two events of one user, item and "
            f"day need their time of day, or {FIRST_KEPT}"
        )
    unit = unit_of(log, time)
    if not unit:
        return ""
    return (
        f"write {log.time!r} in seconds since 1970, of the moment of the event, if it is {unit.name} as it seems: two "
        f"events of one user, item and {unit.span} cannot be distinguished; if they are step numbers, {FIRST_KEPT}"
    )


def day(seconds: float) -> str:
    """The date (UTC) of seconds since 1970, such as 2024-05-01."""
    return str(np.datetime64(int(seconds), "s").astype("datetime64[D]"))


def _as_seconds(log: LogTable) -> bool:
    return log.time_unit in ("seconds", "s")


def _dates(time: Floats) -> NDArray[np.bool_]:
    """(row,) True for a number of the form 20240501."""
    whole = time.astype(np.int64)
    year, month, date = whole // 10_000, whole // 100 % 100, whole % 100
    known = (year >= 1970) & (year < 2100) & (month >= 1) & (month <= 12) & (date >= 1) & (date <= 31)
    fits: NDArray[np.bool_] = known & (whole == time)
    return fits
