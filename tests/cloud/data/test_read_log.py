import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logs import HEADER, ITEMS, make_rows, make_source, write_csv

from cloud.data.bad_rows import BadRow, BadRows
from cloud.data.log import Log
from cloud.data.read_log import read_log
from cloud.data.schema import Attribute, Entities, LogTable, Source
from edge.errors import EdgeError

GOOD = [
    ["ann", "1", "Matrix, The", "1999", "10", "5"],
    ["bob", "1", "Matrix, The", "1999", "11", "2"],
    ["ann", "2", "Kolya", "", "12", "4"],
]


def read(tmp_path: Path, rows: list[list[str]], header: list[str] = HEADER) -> tuple[Log, BadRows]:
    bad = BadRows()
    return read_log(make_source(write_csv(tmp_path / "events.csv", rows, header)), bad), bad


def only_bad_row(tmp_path: Path, row: list[str]) -> BadRow:
    """What is said about one bad row below three good ones, which stay."""
    log, bad = read(tmp_path, [*GOOD, row])
    assert len(log.events) == len(GOOD)
    assert bad.total == 1
    return bad.rows[0]


def test_a_log_is_ordered_by_user_then_time(tmp_path: Path) -> None:
    log, bad = read(tmp_path, GOOD)
    assert bad.total == 0
    assert log.user_ids == ("ann", "bob")
    assert log.events.user.tolist() == [0, 0, 1]
    assert log.events.time.tolist() == [10, 12, 11]
    assert log.events.liked.tolist() == [True, True, False]
    assert log.items[0].attributes == {"title": "The Matrix", "year": 1999}
    assert log.items[1].attributes == {"title": "Kolya"}


@pytest.mark.parametrize(
    ("row", "column", "problem"),
    [
        (["ann", "3", "Babe", "1995", "soon", "5"], "time", "wrong type: 'soon' is not a number"),
        (["ann", "3", "Babe", "1995", "1_3", "5"], "time", "wrong type: '1_3' is not a number"),
        (["ann", "3", "Babe", "1995", "13", "nan"], "rating", "NaN: nan"),
        (["ann", "3", "Babe", "1995", "13", "-inf"], "rating", "NaN: -inf"),
        (["ann", "3", "Babe", "1995", "13", "1e999"], "rating", "wrong type: '1e999' is too large"),
        (["ann", "3", "Babe", "1995", "", "5"], "time", "NaN: empty"),
        (["ann", "3", "Babe", "19.5", "13", "5"], "year", "wrong type: '19.5' is not a whole number"),
        (["ann", "3", "  ", "1995", "13", "5"], "title", "empty title"),
        (["ann", "", "Babe", "1995", "13", "5"], "item", "empty id"),
        (["ann", "3", "Babe", "1995", "11", "5"], "time", "unsorted: 11 is earlier than"),
        (["ann", "2", "Kolya", "", "12", "1"], "item", "duplicate: same user, item and time"),
        (["ann", "3", "Babe", "1995", "13"], "rating", "missing column: 5 values for 6 columns"),
        (["ann", "3", "Babe", "1995", "13", "5", "6"], "rating", "too many columns: 7 values for 6"),
    ],
)
def test_a_bad_row_is_reported_with_line_and_column(tmp_path: Path, row: list[str], column: str, problem: str) -> None:
    found = only_bad_row(tmp_path, row)
    assert (found.file, found.line, found.column) == (str(tmp_path / "events.csv"), 5, column)
    assert found.problem.startswith(problem)


def test_broken_bytes_are_reported_where_they_stand(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "events.csv", GOOD)
    path.write_bytes(path.read_bytes() + "ann,3,Misérables,1995,13,5\n".encode("latin-1"))
    bad = BadRows()
    assert len(read_log(make_source(path), bad).events) == 3
    assert [(row.line, row.column) for row in bad.rows] == [(5, "title")]
    assert bad.rows[0].problem == r"broken encoding: 'Mis\udce9rables'"


def test_the_named_encoding_is_used(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_bytes((",".join(HEADER) + "\nann,3,Misérables,1995,13,5\n").encode("latin-1"))
    log = read_log(make_source(path, encoding="latin-1"), BadRows())
    assert log.items[0].attributes["title"] == "Misérables"


def test_lines_are_counted_through_quoted_line_breaks(tmp_path: Path) -> None:
    rows = [["ann", "1", "Two\nlines", "1999", "10", "5"], ["ann", "2", "", "1999", "11", "5"]]
    _, bad = read(tmp_path, rows)
    assert [(row.line, row.column) for row in bad.rows] == [(4, "title")]


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_bytes(b"\xef\xbb\xbf" + ",".join(HEADER).encode() + b"\r\nann,3,Babe,1995,13,5\r\n")
    bad = BadRows()
    assert len(read_log(make_source(path), bad).events) == 1
    assert bad.total == 0


def test_a_broken_quote_is_a_bad_row(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "events.csv", GOOD)
    path.write_text(path.read_text() + 'ann,3,"Babe" x,1995,13,5\nann,4,Toys,1995,14,5\n')
    bad = BadRows()
    assert len(read_log(make_source(path), bad).events) == 4
    assert [(row.line, row.problem.split(":")[0]) for row in bad.rows] == [(5, "broken quoting")]


def test_a_missing_column_names_the_nearest(tmp_path: Path) -> None:
    header = ["user", "item", "title", "year", "timestamp", "rating"]
    with pytest.raises(EdgeError, match="missing column 'time'") as caught:
        read(tmp_path, GOOD, header)
    assert "did you mean 'timestamp'" in caught.value.fix


def test_an_empty_file_is_an_error_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text("")
    with pytest.raises(EdgeError, match=r"events\.csv is empty"):
        read_log(make_source(tmp_path / "events.csv"), BadRows())


def test_a_log_without_events_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match="holds no events"):
        read(tmp_path, [])


def test_a_log_with_only_bad_rows_says_what_is_bad(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match="1 bad row of 1") as caught:
        read(tmp_path, [["ann", "1", "", "1999", "10", "5"]])
    assert "empty title" in caught.value.evidence


def test_any_order_is_sorted_when_the_source_says_so(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "events.csv", GOOD[::-1])
    bad = BadRows()
    log = read_log(make_source(path, order="any"), bad)
    assert bad.total == 0
    assert log.events.time.tolist() == [10, 12, 11]


def test_a_refusal_shows_twenty_rows_and_counts_all() -> None:
    bad = BadRows()
    bad.seen["events.csv"] = 150
    for line in range(30, 0, -1):
        bad.add("events.csv", line, "title", "empty title")
    with pytest.raises(EdgeError, match=r"30 bad rows of 150 \(30 empty title\)") as caught:
        bad.refuse()
    lines = caught.value.evidence.splitlines()
    assert lines[0] == "events.csv:1: column 'title': empty title"
    assert len(lines) == 21
    assert lines[-1] == "... and 10 more"
    assert "--skip-bad-rows" in caught.value.fix


def test_csv_parquet_and_jsonl_give_the_same_log(tmp_path: Path) -> None:
    rows = make_rows(users=3, moments=6)
    records = [
        dict(zip(HEADER, row, strict=True)) | {"year": int(row[3]), "time": float(row[4]), "rating": int(row[5])}
        for row in rows
    ]
    (tmp_path / "events.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    pq.write_table(pa.Table.from_pylist(records), tmp_path / "events.parquet")
    write_csv(tmp_path / "events.csv", rows)
    logs = []
    for format in ("csv", "jsonl", "parquet"):
        bad = BadRows()
        logs.append(read_log(make_source(tmp_path / f"events.{format}", format), bad))
        assert bad.total == 0
    for other in logs[1:]:
        assert (other.user_ids, other.items) == (logs[0].user_ids, logs[0].items)
        assert (other.events.time == logs[0].events.time).all()
        assert (other.events.liked == logs[0].events.liked).all()


def test_bad_jsonl_lines_are_told_apart(tmp_path: Path) -> None:
    good = {"user": "ann", "item": 1, "title": "Babe", "year": None, "time": 1, "rating": 5}
    lines = [
        json.dumps(good),
        "{",
        "[1]",
        json.dumps({key: value for key, value in good.items() if key != "time"}),
        json.dumps(good | {"time": True}),
        json.dumps(good | {"user": ["a"]}),
        json.dumps(good | {"rating": float("nan")}),
        json.dumps(good | {"title": "\ud800"}),
        json.dumps(good | {"item": 2, "rating": {"stars": 5}}),
    ]
    (tmp_path / "events.jsonl").write_text("\n".join(lines))
    bad = BadRows()
    log = read_log(make_source(tmp_path / "events.jsonl", "jsonl"), bad)
    assert [item.id for item in log.items] == ["1"]
    assert [(row.line, row.column, row.problem.split(":")[0]) for row in bad.ordered()] == [
        (2, "", "not JSON"),
        (3, "", "not an object"),
        (4, "time", "missing key"),
        (5, "time", "wrong type"),
        (6, "user", "wrong type"),
        (7, "rating", "NaN"),
        (8, "title", "broken encoding"),
        (9, "rating", "nested value"),
    ]


def test_bad_parquet_values_are_reported_by_row(tmp_path: Path) -> None:
    broken = pa.Array.from_buffers(pa.string(), 3, pa.array([b"Babe", b"\xff\xfe", b"Toys"], pa.binary()).buffers())
    table = pa.table(
        {
            "user": ["ann", "ann", "ann"],
            "item": [1, 2, 3],
            "title": broken,
            "year": [1995, None, 1996],
            "time": [1.0, 2.0, float("nan")],
            "rating": [5, 4, 3],
        }
    )
    pq.write_table(table, tmp_path / "events.parquet")
    bad = BadRows()
    log = read_log(make_source(tmp_path / "events.parquet", "parquet"), bad)
    assert len(log.events) == 1
    assert [(row.line, row.column) for row in bad.ordered()] == [(2, "title"), (3, "time")]


def test_a_file_that_is_not_parquet_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "events.parquet").write_text("user,item\n")
    with pytest.raises(EdgeError, match="not a Parquet file"):
        read_log(make_source(tmp_path / "events.parquet", "parquet"), BadRows())


def test_items_may_have_a_file_of_their_own(tmp_path: Path) -> None:
    items = write_csv(
        tmp_path / "items.csv",
        [["1", "Babe", "1995"], ["1", "Again", "1"], ["2", "", ""]],
        ["id", "title", "year"],
    )
    events = write_csv(
        tmp_path / "events.csv",
        [["ann", "1", "10", "1"], ["ann", "2", "11", "1"], ["ann", "9", "12", "1"]],
        ["user", "item", "time", "clicked"],
    )
    source = Source(
        log=LogTable(path=str(events), user="user", item="item", time="time", label="clicked"),
        items=Entities(path=str(items), id="id", attributes=ITEMS.attributes),
        text=make_source(events).text,
    )
    bad = BadRows()
    log = read_log(source, bad)
    assert [item.attributes["title"] for item in log.items] == ["Babe"]
    assert [(Path(row.file).name, row.line, row.problem) for row in bad.ordered()] == [
        ("items.csv", 3, "duplicate id: '1'"),
        ("items.csv", 4, "empty title"),
        ("events.csv", 3, "id of a bad row: '2' stands in items.csv:4, which is bad"),
        ("events.csv", 4, "unknown id: '9' is not in items.csv"),
    ]


def test_times_come_in_seconds_milliseconds_or_iso(tmp_path: Path) -> None:
    for unit, text in (("seconds", "86400"), ("milliseconds", "86400000"), ("iso", "1970-01-02T00:00:00Z")):
        path = write_csv(tmp_path / f"{unit}.csv", [["ann", "1", "Babe", "1995", text, "5"]])
        assert read_log(make_source(path, time_unit=unit), BadRows()).events.time.tolist() == [86400]


def test_lists_are_split_and_codes_decoded(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "events.csv",
        [["ann", "1", "a|?| c", "F", "1", "5"]],
        ["user", "item", "tags", "sex", "time", "rating"],
    )
    source = Source(
        log=make_source(path).log,
        text=make_source(path).text,
        items=Entities(attributes={"tags": Attribute("tags", "list", missing=("?",), decode={"c": "see"})}),
        users=Entities(attributes={"sex": Attribute("sex", decode={"F": "female"})}),
    )
    log = read_log(source, BadRows())
    assert log.items[0].attributes == {"tags": ("a", "see")}
    assert log.users[0].attributes == {"sex": "female"}


def test_an_encoding_that_does_not_fit_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_bytes(b"abc")
    with pytest.raises(EdgeError, match="is not utf-16"):
        read_log(make_source(tmp_path / "events.csv", encoding="utf-16"), BadRows())


def test_an_unfinished_quote_says_how_far_it_reaches(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "events.csv", GOOD)
    path.write_text(path.read_text() + 'ann,3,"Babe,1995,13,5\nann,4,Toys,1995,14,5\n')
    bad = BadRows()
    assert len(read_log(make_source(path), bad).events) == 3
    assert bad.rows[0].line == 5
    assert "up to line 6" in bad.rows[0].problem


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from([",", "\n", '"', "\r", "1", "é", "nan", "\0", "ann,1,Babe,1995,2,3\n"])),
    st.binary(),
)
def test_any_bytes_give_a_log_or_a_clear_error(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[str], noise: bytes
) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "events.csv"
    path.write_bytes((",".join(HEADER) + "\n" + "".join(pieces)).encode() + noise)
    bad = BadRows()
    try:
        assert len(read_log(make_source(path), bad).events) > 0
    except EdgeError as error:
        assert "holds no events" in error.problem or "every 'time' is the same" in error.problem or bad.total
