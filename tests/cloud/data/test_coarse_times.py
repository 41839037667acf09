"""Minutes, hours, days and dates that pass as seconds are named before anything is learned from them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from logs import make_rows, make_source, read, refused, with_column, write_csv

from cloud.data.bad_rows import FIRST_KEPT
from cloud.data.coarse_times import UNITS, unit_of
from cloud.data.schema import Source

MAY = 1_714_564_800
ROWS = make_rows(users=4, moments=60, items=40)
IN_SECONDS = [str(MAY + 90_000 * n) for n in range(len(ROWS))]  # 25 hours apart
WRITTEN = {
    "minutes since 1970": lambda seconds: f"{seconds // 60}",
    "hours since 1970": lambda seconds: f"{seconds // 3600}",
    "days since 1970": lambda seconds: f"{seconds // 86_400}",
    "days since 1900, as spreadsheets count": lambda seconds: f"{seconds / 86_400 + 25_569:.5f}",
}


def log_of(tmp_path: Path, times: list[str], **log: str) -> Source:
    return make_source(write_csv(tmp_path / "events.csv", with_column(ROWS, "time", times)), **log)


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("start", [-MAY + 946_684_800, 0, 300_000_000])
def test_a_unit_that_no_setting_reads_is_named_with_what_makes_seconds_of_it(
    tmp_path: Path, name: str, start: int
) -> None:
    seconds = [int(time) + start for time in IN_SECONDS]
    numbers = [WRITTEN[name](second) for second in seconds]
    _, bad = read(log_of(tmp_path, numbers))
    (warning,) = bad.warnings
    assert warning.problem == f"'time' in events.csv may be {name}, and is taken for seconds"
    assert re.search("in seconds is 197[01]-", warning.evidence)
    formula = re.search(r"or write (.*) in their place", warning.fix)
    assert formula and 'clock = "user" in [log]' in warning.fix
    made = eval(formula[1], {"number": float(numbers[3])})
    assert abs(made - seconds[3]) < 86_400
    assert read(log_of(tmp_path, numbers, clock="user"))[1].warnings == []


def test_seconds_and_step_numbers_are_not_taken_for_another_unit(tmp_path: Path) -> None:
    source = log_of(tmp_path, IN_SECONDS)
    assert read(source)[1].warnings == []
    for last in (100, 20_000, 45_000, 500_000, 30_000_000):
        steps = np.linspace(0, last, len(ROWS)).astype(np.int64)
        assert read(log_of(tmp_path, [str(step) for step in steps], order="any"))[1].warnings == []
    assert unit_of(source.log, np.empty(0)) is None and len(UNITS) == len(WRITTEN)


@pytest.mark.parametrize("name", ["hours since 1970", "days since 1970"])
def test_duplicates_of_a_coarse_unit_name_it_first(tmp_path: Path, name: str) -> None:
    rows = [row for row in ROWS for _ in range(2)]
    times = [WRITTEN[name](MAY + 90_000 * (n // 2)) for n in range(len(rows))]
    source = make_source(write_csv(tmp_path / "events.csv", with_column(rows, "time", times)))
    error = refused(source)
    assert f"{len(ROWS)} duplicate" in error.problem
    assert error.fix.startswith(f"write 'time' in seconds since 1970, of the moment of the event, if it is {name}")
    assert error.fix.endswith(f"if they are step numbers, {FIRST_KEPT}")


def test_dates_written_as_numbers_are_told_with_the_duplicates_that_they_make(tmp_path: Path) -> None:
    rows = [row for row in ROWS for _ in range(2)]
    times = [f"2024{5 + n // 100:02}{1 + n // 10 % 10:02}" for n in range(len(rows))]
    source = make_source(write_csv(tmp_path / "events.csv", with_column(rows, "time", times)), order="any")
    error = refused(source)
    assert "duplicate" in error.problem
    assert error.fix.startswith("time_unit = \"iso\" in [log], as every 'time' reads as a date, such as 20240501")


@pytest.mark.parametrize("start", [-1000, -MAY])
def test_times_that_are_all_before_1970_are_warned_of(tmp_path: Path, start: int) -> None:
    times = [str(start + n) for n in range(len(ROWS))]
    _, bad = read(log_of(tmp_path, times))
    (warning,) = bad.warnings
    assert warning.problem == "every 'time' in events.csv is before 1970"
    assert warning.fix.startswith("write the time at which each event happened, in seconds since 1970")
    assert bad.total == 0
