"""What the times of a whole log show that no single row does: another unit, several units, no time at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloud.data.bad_rows import FEW, BadRows
from cloud.data.counts import slices
from cloud.data.schema import PER_SECOND, LogTable
from cloud.data.times import AS_ISO, LIKELY, YEAR, setting_for
from edge.errors import EdgeError

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
UNITS = ("seconds", "milliseconds", "microseconds", "nanoseconds")


def agree(log: LogTable, line: NDArray[Any], time: Floats, stamped: bool, bad: BadRows) -> Mask:
    """(row,) False for a time of 1970 that is in another unit; does the setting that bad rows call for fit them all?

    A setting that reads some rows and loses others would be followed by the one that does the opposite. `stamped`
    says that the times were timestamps, which have their unit with them. Errors: every time is in 1970 for want of it.
    """
    coarser = {} if stamped else _coarser(log, time)
    early = np.logical_or.reduce([np.zeros(len(time), dtype=bool), *coarser.values()])
    others = bool(bad.calls(log.path, log.time)) or len(coarser) > 1 or bool((time >= LIKELY[0]).any())
    if not others:
        _require_unit(log, time, coarser)
        _require_stamp(log, time, stamped)
        return np.ones(len(time), dtype=bool)
    for unit, rows in coarser.items():
        for row in np.flatnonzero(rows):
            evidence = f"{time[row] * PER_SECOND[log.time_unit]:.15g} in {log.time_unit} is {_day(time[row])}"
            bad.add(log.path, int(line[row]), log.time, "implausible time", evidence, setting_for(unit))
    if calls := bad.calls(log.path, log.time):
        _settle(log, time[~early], calls, bad)
    return ~early


def _coarser(log: LogTable, time: Floats) -> dict[str, Mask]:
    """By unit: (row,) True for a time in 1970 that this unit puts between 1995 and 2100; at most one does for a row.

    A step number is read in seconds, of which there is none coarser.
    """
    found = {}
    for unit in UNITS if log.time_unit in PER_SECOND else ():
        coarser = time * (PER_SECOND[log.time_unit] / PER_SECOND[unit])
        fits = (time >= 0) & (time <= YEAR) & (coarser >= LIKELY[0]) & (coarser < LIKELY[1])
        if fits.any():
            found[unit] = fits
    return found


def _require_unit(log: LogTable, time: Floats, coarser: dict[str, Mask]) -> None:
    for unit, fits in coarser.items():
        if fits.sum() > len(time) / 2:
            days = time[fits] * (PER_SECOND[log.time_unit] / PER_SECOND[unit])
            raise EdgeError(
                f"{log.path}: in {log.time_unit}, every {log.time!r} is in 1970",
                evidence=f"in {unit} they are from {_day(days.min())} to {_day(days.max())}",
                fix=setting_for(unit),
            )


def _require_stamp(log: LogTable, time: Floats, stamped: bool) -> None:
    for unit in UNITS[1:] if stamped and len(time) else ():
        coarser = time * PER_SECOND[unit]
        if LIKELY[0] <= coarser.min() and coarser.max() < LIKELY[1]:
            raise EdgeError(
                f"{log.path}: every {log.time!r} is in 1970",
                evidence=f"from {_day(coarser.min())} to {_day(coarser.max())} if its numbers were read as {unit} "
                "when they were seconds",
                fix=f"write {log.time!r} anew: as timestamps of the right unit, or as whole numbers with time_unit",
            )


def _settle(log: LogTable, time: Floats, calls: dict[str, int], bad: BadRows) -> None:
    """Is the one setting that bad times call for right for all rows? If not, what to do in its place."""
    in_units = [setting_for(unit) for unit in UNITS]
    numbers = log.time_unit in PER_SECOND and all(call in in_units for call in calls)
    read = int((time >= LIKELY[0]).sum()) if numbers else len(time)  # step numbers are numbers in any unit
    if len(calls) == 1 and not read:
        bad.settle(log.path, log.time)
        return
    words = {call: f"call for {call}" for call in (*in_units, AS_ISO)}
    parts = [f"{count:,} {words.get(call, 'are dates of another form')}" for call, count in calls.items()]
    parts += [f"{read:,} are read as they are"] if read else []
    rows = sum(calls.values())
    skip = ", or pass --skip-bad-rows to leave them out" if rows <= FEW * (rows + read) else ""
    way = f"write every {log.time!r} in one way, such as 2024-05-01T12:00:00Z with {AS_ISO}{skip}"
    bad.settle(log.path, log.time, f"{way}; of the rows, {', '.join(parts)}")


def require_moments(log: LogTable, time: Floats, bad: BadRows) -> None:
    """Errors: all events are at one time, though most rows could be read."""
    if len(time) > max(1, bad.total) and time.min() == time.max():
        moment = _day(time[0]) if time[0] > YEAR else f"{time[0]:.15g}"
        raise EdgeError(
            f"{log.path}: every {log.time!r} is the same, {moment}",
            evidence=f"of {len(time):,} events none is earlier than another, so none is history to another",
            fix='name the column that holds the time of the event: time = "..." in [log]',
        )


def explain_duplicates(log: LogTable, user: NDArray[Any], time: Floats, bad: BadRows) -> None:
    """Events told twice in number are no accident where most users have one time for all their events."""
    if not bad.count(log.path, "duplicate"):
        return
    order = np.lexsort((time, user))
    still, several = _still_users(user[order], time[order])
    if len(time) > bad.total and still > several / 2:
        fix = f"name the column that holds the time of the event: {still:,} of {several:,} users with more than one "
        bad.explain(log.path, "duplicate", f"{fix}event have one {log.time!r} for all of them", log.item)


def explain_early(log: LogTable, time: Floats, left_out: Mask, bad: BadRows) -> None:
    """Events out of order, or told twice, are no matter of order where most of them are of 1970 and others are not."""
    early = left_out & (time < YEAR)
    if time.max() >= LIKELY[0] and early.sum() > left_out.sum() / 2:
        fix = f"write the times of 1970 or before as they were, or pass --skip-bad-rows: {early.sum():,} rows have one"
        for kind, column in (("unsorted", log.time), ("duplicate", log.item)):
            bad.explain(log.path, kind, fix, column)


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
    still, several = _still_users(user, time)
    if still > several / 2:
        yield EdgeError(
            f"{still:,} of {several:,} users with more than one event have them all at one time in {name}",
            evidence="no event of theirs is earlier than another, so none is history to another",
            fix=f"see whether {log.time!r} is the time of the event",
        )


def _still_users(user: NDArray[Any], time: Floats) -> tuple[int, int]:
    """Of users with several events, ordered by user and time: how many have them all at one time, and how many are."""
    starts = np.flatnonzero(np.diff(user, prepend=-1))
    ends = np.append(starts[1:], len(user)) - 1
    several = ends > starts
    return int((several & (time[starts] == time[ends])).sum()), int(several.sum())


def _are_dates(time: Floats) -> bool:
    """True if all are of the form 20240501."""
    return all(_is_date(time[at]).all() for at in slices(len(time)))


def _is_date(time: Floats) -> Mask:
    whole = time.astype(np.int64)
    year, month, day = whole // 10_000, whole // 100 % 100, whole % 100
    fits = (whole == time) & (year >= 1970) & (year < 2100) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    return fits


def _day(seconds: float) -> str:
    return str(np.datetime64(int(seconds), "s").astype("datetime64[D]"))
