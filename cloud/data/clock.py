"""What only the times of a whole log show: another unit, several units, no time at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloud.data.bad_rows import FEW, BadRows
from cloud.data.coarse_times import cause_of_duplicates, day, unit_warnings
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
            evidence = f"{time[row] * PER_SECOND[log.time_unit]:.15g} in {log.time_unit} is {day(time[row])}"
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
                evidence=f"in {unit} they are from {day(days.min())} to {day(days.max())}",
                fix=setting_for(unit),
            )


def _require_stamp(log: LogTable, time: Floats, stamped: bool) -> None:
    for unit in UNITS[1:] if stamped and len(time) else ():
        coarser = time * PER_SECOND[unit]
        if LIKELY[0] <= coarser.min() and coarser.max() < LIKELY[1]:
            raise EdgeError(
                f"{log.path}: every {log.time!r} is in 1970",
                evidence=f"from {day(coarser.min())} to {day(coarser.max())} if its numbers were read as {unit} "
                "when they were seconds",
                fix=f"write {log.time!r} again: as timestamps of the right unit, or as whole numbers with time_unit",
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
        moment = day(time[0]) if time[0] > YEAR else f"{time[0]:.15g}"
        raise EdgeError(
            f"{log.path}: every {log.time!r} is the same, {moment}",
            evidence=f"all {len(time):,} events have one time, so no event has a history",
            fix='name the column that holds the time of the event: time = "..." in [log]',
        )


def explain_duplicates(log: LogTable, user: NDArray[Any], time: Floats, bad: BadRows) -> None:
    """Duplicate events are expected if times are hours or days, or if most users have one time for all events."""
    if not bad.count(log.path, "duplicate"):
        return
    if cause := cause_of_duplicates(log, time):
        bad.explain(log.path, "duplicate", cause, log.item)
        return
    order = np.lexsort((time, user))
    still, several = _still_users(user[order], time[order])
    if len(time) > bad.total and still > several / 2:
        fix = f"name the column that holds the time of the event: {still:,} of {several:,} users with more than one "
        bad.explain(log.path, "duplicate", f"{fix}event have one {log.time!r} for all of them", log.item)


def explain_early(log: LogTable, time: Floats, left_out: Mask, bad: BadRows) -> None:
    """Events that are out of order, or duplicates, have wrong times if most of them are of 1970 and others are not."""
    early = left_out & (time < YEAR)
    if time.max() >= LIKELY[0] and early.sum() > left_out.sum() / 2:
        fix = f"write the times of 1970 or before as they were, or pass --skip-bad-rows: {early.sum():,} rows have one"
        for kind, column in (("unsorted", log.time), ("duplicate", log.item)):
            bad.explain(log.path, kind, fix, column)


def clock_warnings(log: LogTable, line: NDArray[Any], user: NDArray[Any], time: Floats) -> Iterator[EdgeError]:
    """Of events (event,) by user, then time: another unit, times of 1970 among others, users without order."""
    name = Path(log.path).name
    yield from unit_warnings(log, time)
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
            fix=f"check whether {log.time!r} is the time of the event",
        )


def _still_users(user: NDArray[Any], time: Floats) -> tuple[int, int]:
    """Of users with several events, ordered by user and time: how many have them all at one time, and how many are."""
    starts = np.flatnonzero(np.diff(user, prepend=-1))
    ends = np.append(starts[1:], len(user)) - 1
    several = ends > starts
    return int((several & (time[starts] == time[ends])).sum()), int(several.sum())
