"""When an event happened: numbers in a unit, ISO 8601 texts and Parquet's timestamps into seconds since 1970, UTC."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from cloud.data.schema import PER_SECOND, TimeUnit
from cloud.data.values import NUMBER, BadValueError, number, quoted, shown, text

YEAR = 31_556_952  # seconds, on average
EARLIEST, LATEST = -2_208_988_800, 7_258_118_400  # 1900 and 2200: no event is outside, nor is a plausible step number
LIKELY = (788_918_400, 4_102_444_800)  # 1995 and 2100: where a unit must put a time to be the one that was meant
DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}([T ].*)?")
MONTH = r"\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b"
DATE_LIKE = re.compile(rf"\d{{1,4}}[./-]\d{{1,2}}[./-]\d{{1,4}}\b.*|.*{MONTH}.*|(19|20)\d{{12}}", re.IGNORECASE)
WORDS = re.compile(r"\s?(UTC|GMT|z)$")
FAR = re.compile(r"[+-]?\d{5,}-\d\d-\d\d\b.*|<value out of range: .*>")  # as Arrow writes such a date


def setting_for(unit: str) -> str:
    """The line of edge.toml that sets the unit of times."""
    return f'time_unit = "{unit}" in [log]'


AS_ISO = setting_for("iso")
WRITE_ISO = f"write times as 2024-05-01T12:00:00Z, with {AS_ISO}"


def time_reader(unit: TimeUnit) -> Callable[[Any, str], float]:
    """A function from a raw value to seconds since 1970. A date or time of Parquet has a unit of its own.

    Its errors: no time in that unit, or one of a year that no log has; they name the unit that would do.
    """
    return partial(_seconds, unit=unit)


def _seconds(value: Any, column: str, unit: TimeUnit) -> float:
    if isinstance(value, date):
        seconds = _timestamp(value)
    else:
        seconds = _iso_seconds(value, column) if unit == "iso" else _numeric(value, column) / PER_SECOND[unit]
    if not EARLIEST <= seconds < LATEST:
        years = 1970 + seconds // YEAR
        year = f"the year {years:,.0f}" if abs(years) < 1e6 else "millions of years from now"
        read = "" if unit == "iso" or isinstance(value, date) else f" in {unit}"
        evidence = f"{shown(text(value, column))}{read} is {year}"
        raise BadValueError("implausible time", evidence, column, "" if _is_iso(value) else _unit_for(value, column))
    return seconds


def _numeric(value: Any, column: str) -> float:
    try:
        return number(value, column)
    except BadValueError as error:
        if error.kind != "wrong type":
            raise
        _refuse_far(text(value, column), column)
        raise BadValueError(error.kind, error.evidence, column, _fix_for_text(text(value, column))) from error


def _is_iso(value: Any) -> bool:
    """True for what has a year of its own, so that no unit can be the cause of a wrong one."""
    return isinstance(value, date) or (isinstance(value, str) and not NUMBER.fullmatch(value) and bool(_parsed(value)))


def _fix_for_text(string: str) -> str:
    parsed = _parsed(string)
    if parsed is not None:
        return AS_ISO if EARLIEST <= _timestamp(parsed) < LATEST else ""
    if DATE.fullmatch(string):
        return AS_ISO
    return WRITE_ISO if DATE_LIKE.fullmatch(string) else ""


def _unit_for(value: Any, column: str) -> str:
    """The setting that puts a number between 1995 and 2100, reads it at all, or makes a date of it; "" if none does."""
    try:
        raw = number(value, column)
    except BadValueError:
        raw = math.nan
    for unit, per_second in PER_SECOND.items():
        if LIKELY[0] <= raw / per_second < LIKELY[1]:
            return setting_for(unit)
    if DATE_LIKE.fullmatch(text(value, column)):
        return WRITE_ISO
    return setting_for("seconds") if EARLIEST <= raw < LATEST else ""  # a step number


def _iso_seconds(value: Any, column: str) -> float:
    string = text(value, column)
    if string.lower() in ("", "nan", "nat"):
        raise BadValueError("NaN", string or "empty", column)
    parsed = _parsed(string)
    if parsed is None:
        _refuse_far(string, column)
        raise BadValueError("wrong type", f"{quoted(string)} is no ISO 8601 time", column, _unit_for(value, column))
    return _timestamp(parsed)


def _refuse_far(string: str, column: str) -> None:
    if FAR.fullmatch(string):
        fix = f"write {column!r} again: its numbers are in a finer unit than its type says"
        raise BadValueError("implausible time", f"{shown(string)} is beyond the year 9999", column, fix)


def _parsed(string: str) -> datetime | None:
    """ISO 8601, also with UTC, GMT or z in place of Z, as databases write it."""
    try:
        return datetime.fromisoformat(WORDS.sub("+00:00", string))
    except ValueError:
        return None


def _timestamp(value: date) -> float:
    """Of a date its first moment; without a time zone it is UTC."""
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
