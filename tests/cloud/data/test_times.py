"""Times in every unit and spelling, and the setting that is named when they do not fit."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from logs import make_rows, make_source, read, refused, with_column, write_csv

from cloud.data.schema import PER_SECOND, Source, TimeUnit
from cloud.data.times import EARLIEST, LATEST, time_reader
from cloud.data.values import BadValueError

MAY = 1_714_564_800  # 2024-05-01T12:00:00Z
FULL_NAMES: tuple[TimeUnit, ...] = ("seconds", "milliseconds", "microseconds", "nanoseconds")
ISO = 'time_unit = "iso" in [log]'


def refusal(value: Any, unit: TimeUnit) -> BadValueError:
    with pytest.raises(BadValueError) as caught:
        time_reader(unit)(value, "time")
    return caught.value


def log_of(tmp_path: Path, times: list[str], **log: str) -> Source:
    """An event of one of three users at each time."""
    rows = [[f"u{n % 3}", f"i{n}", f"Title {n}", "1980", time, "5"] for n, time in enumerate(times)]
    return make_source(write_csv(tmp_path / "events.csv", rows), **log)


@pytest.mark.parametrize("unit", PER_SECOND)
@pytest.mark.parametrize("kind", [str, int, float])
def test_every_unit_and_its_short_name_is_read(unit: TimeUnit, kind: type) -> None:
    value = kind(int((MAY + 1) * PER_SECOND[unit]))
    assert time_reader(unit)(value, "time") == pytest.approx(MAY + 1, abs=1e-6)
    assert time_reader(unit)(kind(0), "time") == 0


@pytest.mark.parametrize(("coarse", "fine"), [(a, b) for i, a in enumerate(FULL_NAMES) for b in FULL_NAMES[i + 1 :]])
def test_a_time_in_a_finer_unit_names_that_unit(coarse: TimeUnit, fine: TimeUnit) -> None:
    error = refusal(str(int(MAY * PER_SECOND[fine])), coarse)
    assert error.kind == "implausible time"
    assert f"in {coarse} is" in error.evidence
    assert error.fix == f'time_unit = "{fine}" in [log]'


def test_the_year_that_a_wrong_unit_gives_is_told() -> None:
    assert refusal("1714564800000", "seconds").evidence == "1714564800000 in seconds is the year 56,302"
    assert refusal("1e300", "seconds").evidence == "1e300 in seconds is millions of years from now"


@pytest.mark.parametrize(
    ("seconds", "plausible"), [(EARLIEST, True), (EARLIEST - 1, False), (LATEST - 1, True), (LATEST, False)]
)
def test_years_1900_to_2200_are_plausible(seconds: int, plausible: bool) -> None:
    if plausible:
        assert time_reader("seconds")(seconds, "time") == seconds
    else:
        assert refusal(seconds, "seconds").kind == "implausible time"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2024-05-01T12:00:00Z", MAY),
        ("2024-05-01T12:00:00z", MAY),
        ("2024-05-01 12:00:00", MAY),
        ("2024-05-01 12:00:00 UTC", MAY),
        ("2024-05-01 12:00:00+00", MAY),
        ("2024-05-01T14:00:00.000+0200", MAY),
        ("2024-05-01T12:00:00.250000000Z", MAY + 0.25),
        ("20240501T120000Z", MAY),
        ("2024-05-01", MAY - 12 * 3600),
    ],
)  # fmt: skip
def test_iso_times_are_read_as_databases_write_them_and_named_as_the_fix_elsewhere(text: str, seconds: float) -> None:
    assert time_reader("iso")(text, "time") == seconds
    error = refusal(text, "seconds")
    assert (error.kind, error.fix) == ("wrong type", ISO)
    assert error.evidence == f"{text!r} is not a number"


@pytest.mark.parametrize(
    "text", ["01.05.2024 12:00", "5/1/2024", "2024/05/01 12:00", "May 1, 2024", "1 May 2024", "20240501120000"]
)
@pytest.mark.parametrize("unit", ["seconds", "milliseconds", "iso"])
def test_dates_in_other_spellings_are_to_be_written_as_iso(text: str, unit: TimeUnit) -> None:
    assert refusal(text, unit).fix == f"write times as 2024-05-01T12:00:00Z, with {ISO}"


@pytest.mark.parametrize("unit", FULL_NAMES)
def test_numbers_among_iso_times_name_their_unit(unit: str) -> None:
    assert refusal(str(int((MAY + 7) * PER_SECOND[unit])), "iso").fix == f'time_unit = "{unit}" in [log]'


@pytest.mark.parametrize("text", ["soon", "NULL", "12,5"])
def test_what_is_no_time_at_all_names_no_unit(text: str) -> None:
    assert refusal(text, "seconds").fix == refusal(text, "iso").fix == ""


@pytest.mark.parametrize("unit", [*FULL_NAMES, "iso"])
def test_dates_and_times_of_parquet_have_a_unit_of_their_own(unit: TimeUnit) -> None:
    read = time_reader(unit)
    assert read(datetime(2024, 5, 1, 12, tzinfo=UTC), "time") == MAY
    assert read(datetime(2024, 5, 1, 12), "time") == MAY
    assert read(datetime(2024, 5, 1, 14, tzinfo=timezone(timedelta(hours=2))), "time") == MAY
    assert read(date(2024, 5, 1), "time") == MAY - 12 * 3600
    assert refusal(datetime(9999, 12, 31), unit).evidence == "9999-12-31 00:00:00 is the year 9,999"
    assert refusal(datetime.max.replace(tzinfo=timezone(timedelta(hours=-14))), unit).kind == "implausible time"
    assert refusal(datetime.min.replace(tzinfo=timezone(timedelta(hours=14))), unit).kind == "implausible time"


def test_a_log_in_another_unit_is_refused_with_the_setting(tmp_path: Path) -> None:
    source = log_of(tmp_path, [str((MAY + second) * 1000) for second in range(30)])
    error = refused(source)
    assert error.problem == "30 bad rows of 30 (30 implausible time)"
    assert error.evidence.startswith(
        f"{tmp_path / 'events.csv'}:2: column 'time': implausible time: {MAY}000 in seconds"
    )
    assert error.fix == 'time_unit = "milliseconds" in [log]'


def test_a_unit_that_only_some_rows_are_in_is_not_the_fix(tmp_path: Path) -> None:
    times = [str(MAY + second) for second in range(27)] + [str((MAY + second) * 1000) for second in range(27, 30)]
    assert refused(log_of(tmp_path, times)).fix == (
        "write every 'time' in one way, such as 2024-05-01T12:00:00Z with time_unit = \"iso\" in [log], or pass "
        '--skip-bad-rows to leave them out; of the rows, 3 call for time_unit = "milliseconds" in [log], '
        "27 are read as they are"
    )


def iso(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat()


FORMS: dict[str, Callable[[int], str]] = {
    "iso": iso,
    "seconds": str,
    "milliseconds": lambda second: str(second * 1000),
    "microseconds": lambda second: f"{second}000000.0",
    "german": lambda second: datetime.fromtimestamp(second, UTC).strftime("%d.%m.%Y %H:%M:%S"),
}


@pytest.mark.parametrize("unit", ["iso", "seconds", "milliseconds", "microseconds"])
@pytest.mark.parametrize(("one", "other"), list(itertools.permutations(FORMS, 2)))
@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
def test_no_setting_is_offered_for_times_of_two_forms(
    tmp_path: Path, unit: str, one: str, other: str, share: float
) -> None:
    times = [FORMS[one if n % 10 < 10 * share else other](MAY + n) for n in range(60)]
    error = refused(log_of(tmp_path, times, time_unit=unit))
    (fix,) = error.fix.split("\nfix: ")
    assert fix.startswith("write every 'time' in one way, such as 2024-05-01T12:00:00Z"), fix


@pytest.mark.parametrize("unit", ["iso", "seconds", "milliseconds", "microseconds"])
@pytest.mark.parametrize("form", ["iso", "seconds", "milliseconds", "microseconds"])
@pytest.mark.parametrize("nothing", ["", "soon", "NULL"])
def test_the_setting_that_reads_every_time_is_offered_however_many_are_no_times(
    tmp_path: Path, unit: str, form: str, nothing: str
) -> None:
    source = log_of(tmp_path, [nothing if n % 3 else FORMS[form](MAY + n) for n in range(60)], time_unit=unit)
    if unit != form:
        assert f'time_unit = "{form}" in [log]' in refused(source).fix.replace(" (20 rows)", "").split("\nfix: ")
    right = replace(source, log=replace(source.log, time_unit=form))
    log, bad = read(right)
    assert len(log.events) == 20 and bad.total == 40
    assert "time_unit" not in refused(right).fix


def test_step_numbers_under_iso_are_read_in_seconds(tmp_path: Path) -> None:
    times = [str(step) for step in range(30)]
    assert refused(log_of(tmp_path, times, time_unit="iso")).fix == 'time_unit = "seconds" in [log]'
    assert read(log_of(tmp_path, times))[1].total == 0


def test_one_time_for_all_events_is_no_time(tmp_path: Path) -> None:
    rows = with_column(make_rows(), "time", [str(MAY)] * len(make_rows()))
    error = refused(make_source(write_csv(tmp_path / "events.csv", rows)))
    assert error.problem == f"{tmp_path / 'events.csv'}: every 'time' is the same, 2024-05-01"
    assert error.fix == 'name the column that holds the time of the event: time = "..." in [log]'


def test_one_time_for_each_user_is_the_cause_of_duplicates(tmp_path: Path) -> None:
    rows = with_column(make_rows(), "time", [row[0][1:] for row in make_rows()])
    error = refused(make_source(write_csv(tmp_path / "events.csv", rows)))
    assert "duplicate" in error.problem and "--skip-bad-rows" not in error.fix
    assert error.fix.startswith("name the column that holds the time of the event: 8 of 8 users with more than one")


@pytest.mark.parametrize("value", ["1621-05-01T00:00:00Z", datetime(1621, 5, 1), date(1621, 5, 1), "0001-01-01"])
@pytest.mark.parametrize("unit", ["iso", "seconds"])
def test_a_date_of_a_year_that_no_log_has_calls_for_no_unit(value: Any, unit: TimeUnit) -> None:
    if isinstance(value, str) and unit == "seconds":
        assert refusal(value, unit).fix == ""
    else:
        error = refusal(value, unit)
        assert (error.kind, error.fix) == ("implausible time", "")


@pytest.mark.parametrize(("stored", "unit"), [(1, "ms"), (1, "us"), (1, "ns"), (1000, "us"), (1000, "ns")])
def test_timestamps_of_a_unit_too_fine_are_to_be_written_anew(tmp_path: Path, stored: int, unit: str) -> None:
    error = refused(stamped(tmp_path, [(MAY + n) * stored for n in range(30)], unit))
    assert error.problem.endswith("every 'time' is in 1970")
    assert error.fix.startswith("write 'time' again: as timestamps of the right unit") and "in [log]" not in error.fix


@pytest.mark.parametrize(("stored", "unit"), [(1000, "s"), (1_000_000, "s"), (1_000_000, "ms")])
def test_timestamps_of_a_unit_too_coarse_are_to_be_written_anew(tmp_path: Path, stored: int, unit: str) -> None:
    error = refused(stamped(tmp_path, [(MAY + n) * stored for n in range(30)], unit))
    assert "implausible time" in error.problem and "is beyond the year 9999" in error.evidence
    assert error.fix == "write 'time' again: its numbers are in a finer unit than its type says"


def stamped(tmp_path: Path, times: list[int], unit: str) -> Source:
    table = {name: ["x"] * len(times) for name in ("user", "item", "title")}
    table |= {"year": [1980] * len(times), "rating": [5] * len(times)}
    columns = pa.table(table | {"time": pa.array(times, pa.timestamp(unit))})
    pq.write_table(columns, tmp_path / "events.parquet")
    return make_source(tmp_path / "events.parquet", "parquet")


@pytest.mark.parametrize("unit", ["milliseconds", "us", "nanoseconds"])
def test_seconds_in_a_finer_unit_are_refused(tmp_path: Path, unit: str) -> None:
    error = refused(log_of(tmp_path, [str(MAY + second) for second in range(30)], time_unit=unit))
    assert f"in {unit}, every 'time' is in 1970" in error.problem
    assert error.evidence == "in seconds they are from 2024-05-01 to 2024-05-01"
    assert error.fix == 'time_unit = "seconds" in [log]'


@pytest.mark.parametrize("unit", ["seconds", "ms", "nanoseconds"])
def test_step_numbers_are_times_in_any_unit(tmp_path: Path, unit: str) -> None:
    log, bad = read(log_of(tmp_path, [str(step) for step in range(30)], time_unit=unit))
    assert bad.total == 0 and bad.warnings == []
    assert log.events.time.max() == 29 / PER_SECOND[unit]


def test_dates_written_as_numbers_are_warned_of_and_read_under_iso(tmp_path: Path) -> None:
    times = [f"202405{day:02}" for day in range(1, 31)]
    _, bad = read(log_of(tmp_path, times))
    (warning,) = bad.warnings
    assert (warning.problem, warning.fix) == (
        "every 'time' in events.csv reads as a date, such as 20240501, and is taken for seconds", ISO
    )  # fmt: skip
    log, bad = read(log_of(tmp_path, times, time_unit="iso"))
    assert bad.warnings == [] and log.events.time.min() == MAY - 12 * 3600


def test_times_of_1970_among_others_are_counted_with_their_first_line(tmp_path: Path) -> None:
    times = [str(0 if second in (4, 9) else MAY + second) for second in range(30)]
    _, bad = read(log_of(tmp_path, times, order="any"))
    (warning,) = bad.warnings
    assert warning.problem.startswith("2 of 30 events in events.csv are of 1970")
    assert warning.evidence == "the first of 1970 is in line 6"


def test_users_whose_events_are_all_at_one_time_are_counted(tmp_path: Path) -> None:
    rows = make_rows(users=4)
    rows = with_column(rows, "time", [str(MAY) if row[0] != "u3" else str(MAY + n) for n, row in enumerate(rows)])
    _, bad = read(make_source(write_csv(tmp_path / "events.csv", rows)))
    (warning,) = bad.warnings
    assert warning.problem.startswith("3 of 4 users with more than one event have them all at one time")


@pytest.mark.parametrize("nothing", ["0", "-1"])
def test_order_is_not_the_fix_for_times_that_are_none(tmp_path: Path, nothing: str) -> None:
    times = [str(MAY + n) if n % 5 else nothing for n in range(100)]
    error = refused(log_of(tmp_path, times))
    assert "unsorted" in error.problem and 'order = "any"' not in error.fix
    assert error.fix.startswith("write the times of 1970 or before as they were, or pass --skip-bad-rows: ")
