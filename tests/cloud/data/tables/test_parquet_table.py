"""Every type of Parquet: what has words is read, what has none is refused by name."""

from __future__ import annotations

import shlex
import subprocess
import sys
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from logs import ITEMS, make_source, read, refused

from cloud.data.bad_rows import BadRows
from cloud.data.schema import Attribute, Entities, File, Source
from cloud.data.tables.read import read_batches

MAY = 1_714_564_800  # 2024-05-01T12:00:00Z
PLAIN = pa.table(
    {
        "user": ["ann", "ann", "bob"],
        "item": [1, 2, 1],
        "title": ["Babe", "Toys", "Babe"],
        "year": [1995, None, 1995],
        "time": [1.0, 2.0, 3.0],
        "rating": [5, 4, 3],
    }
)


def source(tmp_path: Path, more: Attribute | None = None, **columns: pa.Array) -> Source:
    """A log with other columns in place of the plain ones; `more` is another attribute of items."""
    table = PLAIN
    for name, column in columns.items():
        table = table.drop([name]) if name in table.column_names else table
        table = table.append_column(name, column)
    pq.write_table(table, tmp_path / "events.parquet")
    found = make_source(tmp_path / "events.parquet", "parquet")
    extra = {"more": more} if more else {}
    return Source(found.log, found.text, Entities(attributes=ITEMS.attributes | extra))


def more(tmp_path: Path, column: pa.Array, **attribute: Any) -> Any:
    """What the first item's attribute becomes."""
    log, bad = read(source(tmp_path, Attribute("x", **attribute), x=column))
    assert bad.total == 0
    return log.items[0].attributes.get("more")


@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin", "Mars/Base"])
@pytest.mark.parametrize(("unit", "factor"), [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)])
def test_timestamps_are_read_whatever_their_unit(tmp_path: Path, unit: str, factor: int, zone: str | None) -> None:
    values = pa.array([MAY * factor, (MAY + 1) * factor, (MAY + 2) * factor + factor // 2], pa.int64())
    log, bad = read(source(tmp_path, time=values.cast(pa.timestamp(unit, zone))))
    assert bad.total == 0
    assert log.events.time.tolist() == [MAY, MAY + 1, MAY + 2 + (0.5 if factor > 1 else 0)]


def test_dates_are_their_first_moment(tmp_path: Path) -> None:
    log, _ = read(source(tmp_path, time=pa.array([date(2024, 5, day) for day in (1, 2, 3)])))
    assert log.events.time[0] == MAY - 12 * 3600


def test_a_timestamp_that_no_calendar_has_is_a_bad_row(tmp_path: Path) -> None:
    _, bad = read(source(tmp_path, time=pa.array([MAY, 10**15, None], pa.timestamp("s"))))
    assert [(row.line, row.column) for row in bad.ordered()] == [(2, "time"), (3, "time")]
    assert "out of range" in bad.rows[0].problem


NESTED = {  # type, and the words of its first row
    "list<element: list<element: string>>": (pa.array([[["a"]], None, None]), "[['a']]"),
    "list<element: struct<id: int64>>": (pa.array([[{"id": 1}], None, None]), "[{'id': 1}]"),
    "struct<en: string>": (pa.array([None, {"en": "a"}, None]), "{'en': 'a'}"),
    "map<string, string": (pa.array([[("en", "a")], None, None], pa.map_(pa.string(), pa.string())), "[('en', 'a')]"),
    "duration[s]": (pa.array([1, None, None], pa.duration("s")), "datetime.timedelta(seconds=1)"),
    "list<element: timestamp[ms]>": (pa.array([[1], None, None], pa.list_(pa.timestamp("ms"))), "[datetime"),
}


@pytest.mark.parametrize("kind", NESTED)
@pytest.mark.parametrize("column", ["year", "user", "time"])
def test_what_has_no_words_is_refused_with_its_type_and_first_row(tmp_path: Path, kind: str, column: str) -> None:
    values, shown = NESTED[kind]
    error = refused(source(tmp_path, **{column: values}))
    assert error.problem.startswith(f"{tmp_path / 'events.parquet'}: column {column!r} holds {kind}")
    assert error.evidence.startswith(f"row {2 if kind.startswith('struct') else 1}: {shown}")
    assert error.fix == "write the one value that is wanted in a column of its own, or a list of texts"


def test_a_nested_column_that_is_not_read_does_no_harm(tmp_path: Path) -> None:
    log, bad = read(source(tmp_path, x=NESTED["struct<en: string>"][0]))
    assert len(log.events) == 3 and bad.total == 0


@pytest.mark.parametrize(
    "column",
    [
        pa.array([["a", "b"], None, None]),
        pa.array([["a", "b"], None, None], pa.large_list(pa.large_string())),
        pa.array([["a", "b"], ["c", "d"], ["a", "b"]], pa.list_(pa.string(), 2)),
        pa.array([["a", None, "", "b"], None, None]),
        pa.array([[b"a", b"b"], None, None]),
    ],
)
def test_lists_of_texts_are_lists(tmp_path: Path, column: pa.Array) -> None:
    assert more(tmp_path, column, type="list") == ("a", "b")


def test_lists_of_numbers_are_their_digits(tmp_path: Path) -> None:
    assert more(tmp_path, pa.array([[28, 12], None, None]), type="list") == ("28", "12")
    assert more(tmp_path, pa.array([[28.0, 1.5], None, None]), type="list") == ("28", "1.5")


@pytest.mark.parametrize("type", ["text", "title", "integer", "number", "boolean"])
def test_a_list_for_anything_but_a_list_names_the_type(tmp_path: Path, type: Any) -> None:
    error = refused(source(tmp_path, Attribute("x", type), x=pa.array([["a", "b"]] * 3)))
    assert "column 'x': wrong type: a list: a|b" in error.evidence
    assert error.fix == 'type = "list" for more'


def test_a_categorical_is_what_its_categories_are(tmp_path: Path) -> None:
    text = PLAIN.column("title").combine_chunks().dictionary_encode()
    rating = PLAIN.column("rating").combine_chunks().dictionary_encode()
    log, bad = read(
        source(tmp_path, title=text, rating=rating, user=PLAIN["user"].combine_chunks().dictionary_encode())
    )
    plain, _ = read(source(tmp_path))
    assert bad.total == 0
    assert (log.user_ids, log.items) == (plain.user_ids, plain.items)
    assert log.events.liked.tolist() == [True, True, False]


def test_binary_is_text_in_utf_8_and_anything_else_is_a_bad_row(tmp_path: Path) -> None:
    _, bad = read(source(tmp_path, title=pa.array(["Misérables".encode(), b"\xff\xfe\x00", b"Babe"])))
    assert [(row.line, row.column, row.problem.partition(":")[0]) for row in bad.rows] == [
        (2, "title", "broken encoding")
    ]
    log, _ = read(source(tmp_path, title=pa.array(["Misérables".encode()] * 3), user=pa.array([b"a", b"a", b"b"])))
    assert log.items[0].attributes["title"] == "Misérables" and log.user_ids == ("a", "b")


def test_broken_text_within_a_list_is_a_bad_row(tmp_path: Path) -> None:
    broken = pa.Array.from_buffers(pa.string(), 3, pa.array([b"a", b"\xff", b"b"], pa.binary()).buffers())
    lists = pa.ListArray.from_arrays(pa.array([0, 1, 2, 3], pa.int32()), broken)
    _, bad = read(source(tmp_path, Attribute("x", "list"), x=lists))
    assert [(row.line, row.column) for row in bad.rows] == [(2, "x")]


def test_booleans_are_labels_and_words_and_no_ratings(tmp_path: Path) -> None:
    column = pa.array([True, False, True])
    assert more(tmp_path, column, type="boolean") is True
    assert more(tmp_path, column) == "true"
    assert more(tmp_path, column, decode={"true": "new"}) == "new"
    error = refused(source(tmp_path, rating=column))
    assert "'true' is not a number" in error.evidence
    assert error.fix == 'label = "rating" in place of rating in [log]'


def test_decimals_are_the_numbers_they_show(tmp_path: Path) -> None:
    five = pa.array([Decimal("5.00"), Decimal("4.00"), Decimal("3.00")], pa.decimal128(9, 2))
    log, bad = read(source(tmp_path, rating=five, user=five, year=five))
    assert bad.total == 0
    assert log.user_ids == ("5", "4", "3") and log.items[0].attributes["year"] == 5
    assert log.events.liked.tolist() == [True, True, False]
    assert more(tmp_path, pa.array([Decimal("4.50"), None, None]), type="number") == 4.5
    assert more(tmp_path, pa.array([Decimal("4.50"), None, None])) == "4.50"
    assert more(tmp_path, pa.array([Decimal("1E+3"), None, None], pa.decimal128(9, 0))) == "1000"


def test_whole_numbers_stored_as_floats_are_whole(tmp_path: Path) -> None:
    floats = pa.array([7.0, 8.0, float("nan")])
    assert more(tmp_path, floats) == "7"
    assert more(tmp_path, floats, decode={"7": "seven"}) == "seven"
    log, bad = read(source(tmp_path, user=floats))
    assert log.user_ids == ("7", "8") and bad.rows[0].problem == "empty id: nan stands for no id"


def test_a_column_without_values_is_absent_or_empty(tmp_path: Path) -> None:
    assert more(tmp_path, pa.nulls(3)) is None
    error = refused(source(tmp_path, rating=pa.nulls(3)))
    assert error.problem == "3 bad rows of 3 (3 NaN)"
    assert "'rating' fails in 3 of the 3 rows" in error.fix


def test_two_columns_of_one_name_are_refused_if_they_are_read(tmp_path: Path) -> None:
    columns = [*PLAIN.columns, PLAIN["title"]]
    pq.write_table(pa.Table.from_arrays(columns, names=[*PLAIN.column_names, "title"]), tmp_path / "events.parquet")
    error = refused(make_source(tmp_path / "events.parquet", "parquet"))
    assert error.problem == f"{tmp_path / 'events.parquet'}: 2 columns are named 'title'"
    pq.write_table(
        pa.Table.from_arrays([*PLAIN.columns, PLAIN["title"], PLAIN["title"]], names=[*PLAIN.column_names, "x", "x"]),
        tmp_path / "events.parquet",
    )
    assert len(read(make_source(tmp_path / "events.parquet", "parquet"))[0].events) == 3


def test_damaged_pages_are_an_error_not_a_crash(tmp_path: Path) -> None:
    pq.write_table(PLAIN, tmp_path / "events.parquet")
    content = bytearray((tmp_path / "events.parquet").read_bytes())
    content[4:200] = bytes(196)
    (tmp_path / "events.parquet").write_bytes(content)
    assert "is damaged Parquet" in refused(make_source(tmp_path / "events.parquet", "parquet")).problem


@pytest.mark.parametrize("share", [0.05, 1.0])
@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.binary(16)])
@pytest.mark.parametrize("column", ["user", "item"])
def test_binary_ids_are_to_be_written_as_text(tmp_path: Path, column: str, kind: pa.DataType, share: float) -> None:
    values = [bytes([255 if n < 60 * share else 65, *[65 + n % 7] * 15]) for n in range(60)]
    plain = {name: [PLAIN[name][0].as_py()] * 60 for name in ("user", "item", "title", "year", "rating")}
    table = pa.table(plain | {"time": list(range(60)), column: pa.array(values, kind)})
    pq.write_table(table, tmp_path / "events.parquet")
    error = refused(make_source(tmp_path / "events.parquet", "parquet"))
    assert error.fix == f"write {column!r} as text, such as by bytes.hex: its type is {kind}"
    written = pa.array([value.hex() for value in values])
    pq.write_table(table.drop([column]).append_column(column, written), tmp_path / "events.parquet")
    assert read(make_source(tmp_path / "events.parquet", "parquet"))[1].total == 0


@pytest.mark.parametrize("value", [None, b"", ""])
def test_empty_ids_name_another_column_and_nothing_that_an_id_does_not_have(tmp_path: Path, value: Any) -> None:
    kind = pa.binary() if value == b"" else pa.string()
    error = refused(source(tmp_path, user=pa.array([value] * 3, kind)))
    assert (
        error.fix
        == "correct them, or name another column in edge.toml: 'user' fails in 3 of the 3 rows of events.parquet"
    )


@pytest.mark.parametrize("inside", [["user", "item", "title", "year", "time", "rating"], ["user"], ["title", "year"]])
def test_columns_within_a_struct_are_made_columns_by_the_command_of_the_fix(tmp_path: Path, inside: list[str]) -> None:
    struct = pa.StructArray.from_arrays([PLAIN[name].combine_chunks() for name in inside], names=inside)
    path = tmp_path / "my events.parquet"
    pq.write_table(PLAIN.drop(inside).append_column("event", struct), path)
    error = refused(make_source(path, "parquet"))
    assert "no column of its own" in error.problem
    names, _, command = error.fix.partition(" in the file that this writes: python3 ")
    assert all(f"{name!r} will be 'event.{name}'" in names for name in inside)
    subprocess.run(["sh", "-c", f"{shlex.quote(sys.executable)} {command}"], check=True)
    flat = make_source(tmp_path / "new-my events.parquet", "parquet")
    log = {name: f"event.{name}" for name in ("user", "item", "time", "rating") if name in inside}
    attributes = {
        name: replace(attribute, column=f"event.{name}" if name in inside else name)
        for name, attribute in ITEMS.attributes.items()
    }
    found, bad = read(Source(replace(flat.log, **log), flat.text, Entities(attributes)))
    assert bad.total == 0 and len(found.events) == 3


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["b", None, "a", "b", ""]),
        pa.array(["b", "a", "b"]).dictionary_encode(),
        pa.array([b"\xff", b"a", b"\xff"], pa.binary()),
        pa.array([2**60, -1, None, 2**60]),
        pa.array([0.5, None, float("inf"), 0.5]),
        pa.array([True, None, False, True]),
        pa.array([Decimal("1.50"), Decimal("1.50")]),
        pa.array([date(2024, 5, 1), None, date(2024, 5, 1)]),
        pa.array([[1, 2], None, [1, 2]]),
        pa.array([None, None]),
        pa.array([1.5, None, 1.5], pa.float16()),
    ],
    ids=lambda column: str(column.type),
)
def test_a_column_holds_every_row_whether_or_not_equal_values_are_kept_once(tmp_path: Path, column: pa.Array) -> None:
    pq.write_table(pa.table({"x": column}), tmp_path / "x.parquet")
    (batch,) = read_batches(File(str(tmp_path / "x.parquet"), "parquet"), ["x"], BadRows())
    assert list(batch.columns["x"]) == column.to_pylist()
    assert batch.columns["x"][1:] == column.to_pylist()[1:]
    assert batch.columns["x"][0] == column.to_pylist()[0]
    assert list(batch.lines) == [*range(1, len(column) + 1)]
