"""The fix that a refusal names is the right one for what is wrong, and for how many rows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from logs import HEADER, csv_text, make_rows, make_source, read, refused, with_column, write_csv

from cloud.data.bad_rows import FIRST_KEPT, LISTED, SKIP, BadRows
from cloud.data.schema import Attribute, Entities, Source
from edge.errors import EdgeError

ROWS = make_rows(users=8, moments=30)
ANY = 'order = "any" in [log]'


def only_fix(tmp_path: Path, rows: list[list[str]], **log: str) -> str:
    return refused(make_source(write_csv(tmp_path / "events.csv", rows), **log)).fix


def test_rows_in_another_order_are_read_by_a_setting_not_left_out(tmp_path: Path) -> None:
    error = refused(make_source(write_csv(tmp_path / "events.csv", ROWS[::-1])))
    assert "unsorted" in error.problem and error.fix == ANY
    assert only_fix(tmp_path, [*ROWS[30:60], *ROWS[:30], *ROWS[60:]]) == ANY
    assert read(make_source(tmp_path / "events.csv", order="any"))[1].total == 0


@pytest.mark.parametrize(
    ("column", "value", "column_fails"),
    [
        ("title", " ", "or leave out required = true, or name another column"),
        ("year", "MMI", "or name another column or type in edge.toml: 'year' fails in 120 of the"),
        ("rating", "", "or name another column or type in edge.toml: 'rating' fails in 120 of the"),
        ("item", "", "correct them, or name another column in edge.toml: 'item' fails in 120 of the"),
        ("user", "NULL", "correct them, or name another column in edge.toml: 'user' fails in 120 of the"),
    ],
)
def test_few_bad_values_may_be_left_out_and_many_question_the_column(
    tmp_path: Path, column: str, value: str, column_fails: str
) -> None:
    place = HEADER.index(column)
    few = with_column(ROWS, column, [value if n < 20 else row[place] for n, row in enumerate(ROWS)])
    many = with_column(ROWS, column, [value if n < 120 else row[place] for n, row in enumerate(ROWS)])
    assert only_fix(tmp_path, few) == SKIP
    assert column_fails in only_fix(tmp_path, many) and "--skip-bad-rows" not in only_fix(tmp_path, many)


def test_events_told_twice_are_left_out_once(tmp_path: Path) -> None:
    assert only_fix(tmp_path, [row for row in ROWS for _ in range(2)]) == FIRST_KEPT


def test_values_without_quotes_question_the_quoting_if_they_are_many(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    lines = csv_text(ROWS).splitlines()
    for count, fix in ((10, SKIP), (120, "quote the values that hold the separator")):
        torn = [line.replace("Title", "Title,", 1) if 0 < n <= count else line for n, line in enumerate(lines)]
        path.write_text("\n".join(torn))
        error = refused(make_source(path))
        assert error.problem.endswith(f"({count} too many columns)") and error.fix.startswith(fix)


def test_quotes_that_are_none_are_read_by_a_setting(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_text(csv_text(ROWS, separator="\t").replace("Title 3", '"Title" 3'))
    assert (
        refused(make_source(path, separator="\t")).fix
        == 'correct the quotes, or, if the file has no quoting, quote = ""'
    )
    assert read(make_source(path, separator="\t", quote=""))[1].total == 0


def test_a_setting_is_the_fix_though_other_columns_are_bad_too(tmp_path: Path) -> None:
    rows = with_column(ROWS, "time", [f"{1_714_564_800_000 + n}" for n in range(len(ROWS))])
    rows = with_column(rows, "user", ["" if n % 2 else row[0] for n, row in enumerate(rows)])
    fixes = only_fix(tmp_path, rows)
    assert 'time_unit = "milliseconds" in [log] (' in fixes and "alike" not in fixes


def test_a_line_without_end_is_too_long_and_a_quote_without_end_is_no_quote(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    for title, kind in (
        ("x" * 140_000, "field too long"),
        ('"' + "x" * 140_000 + '"', "field too long"),
        ('"' + "x\n" * 100_000, "quote without end or field too long"),
    ):
        path.write_text(csv_text(ROWS) + f"ann,3,{title},1995,99,5\nann,4,Toys,1995,99,5\n")
        bad = read(make_source(path))[1]
        assert [(row.line, row.problem.partition(":")[0]) for row in bad.rows[:1]] == [(len(ROWS) + 2, kind)]


def test_several_faults_have_several_fixes_with_their_counts(tmp_path: Path) -> None:
    empty = with_column(ROWS, "title", ["" if n in (3, 5) else row[2] for n, row in enumerate(ROWS)])
    error = refused(make_source(write_csv(tmp_path / "events.csv", empty[::-1])))
    first, second = error.fix.split("\nfix: ")
    assert first.startswith(f"{ANY} (") and second == f"{SKIP} (2 rows)"


def test_every_kind_of_fault_is_shown_though_one_is_everywhere() -> None:
    bad = BadRows()
    bad.seen["events.csv"] = 1000
    for line in range(2, 500):
        bad.add("events.csv", line, "time", "unsorted")
    bad.add("events.csv", 900, "title", "empty title")
    lines = bad._shown()
    assert lines[-2] == "events.csv:900: column 'title': empty title"
    assert lines[-1] == f"... and {499 - (len(lines) - 1)} more"


def test_a_fault_that_is_everywhere_does_not_crowd_others_out_of_the_list(tmp_path: Path) -> None:
    bad = BadRows()
    for line in range(LISTED + 5):
        bad.add("events.csv", line, "time", "unsorted")
    bad.add("events.csv", 1, "title", "empty title")
    bad.write(tmp_path / "bad_rows.jsonl")
    kinds = [json.loads(line)["problem"] for line in (tmp_path / "bad_rows.jsonl").read_text().split("\n")[:-1]]
    assert kinds.count("unsorted") == LISTED and kinds.count("empty title") == 1


def test_rows_left_out_though_a_setting_reads_them_are_warned_of() -> None:
    bad = BadRows()
    bad.seen["events.csv"] = 200
    bad.add("events.csv", 2, "title", "empty title")
    bad.warn()
    assert bad.warnings == []
    for line in range(3, 193):
        bad.add("events.csv", line, "time", "unsorted")
    bad.warn()
    (warning,) = bad.warnings
    assert warning.problem == "191 of 200 rows are left out (190 unsorted, 1 empty title)"
    assert warning.fix == ANY


@pytest.mark.parametrize(
    "value", ["['a', None]", "['a', 'b']", '["a", "b"]', "[{'id': 1, 'name': 'a'}]", "{'a': 1}", "[28, 12]", "[]"]
)
def test_a_list_written_out_in_csv_is_refused_where_words_are_wanted(tmp_path: Path, value: str) -> None:
    path = write_csv(tmp_path / "events.csv", [["ann", "1", "Babe", value, "1", "5"]])
    plain = make_source(path)
    tags = Entities(attributes={"title": Attribute("title"), "tags": Attribute("year", "list")})
    error = refused(Source(plain.log, plain.text, tags))
    assert f"{path}:2: column 'year': nested value: {value}, join its words by '|'" in error.evidence
    assert error.fix == "write the one value that is wanted in its place, or a list of texts"


@pytest.mark.parametrize("title", ["['a', 'b']", "{'en': 'Babe'}", '{"en": "Babe"}'])
def test_an_object_written_out_in_csv_is_no_title(tmp_path: Path, title: str) -> None:
    error = refused(make_source(write_csv(tmp_path / "events.csv", [["ann", "1", title, "", "1", "5"]])))
    assert "nested value" in error.problem


@pytest.mark.parametrize("title", ["[REC]", "[1984]", "{curly}", "['68", "[a] and [b]", "['it's']"])
def test_a_title_in_brackets_is_a_title(tmp_path: Path, title: str) -> None:
    log, bad = read(make_source(write_csv(tmp_path / "events.csv", [["ann", "1", title, "", "1", "5"]])))
    assert bad.total == 0 and log.items[0].attributes["title"] == title


@pytest.mark.parametrize(
    ("key", "value", "kind"),
    [
        ("title", {"en": "Babe"}, 'nested value: {"en": "Babe"}'),
        ("title", [["Babe"]], 'nested value: [["Babe"]]'),
        ("title", [{"en": "Babe"}], 'nested value: [{"en": "Babe"}]'),
        ("user", {"id": 1}, 'nested value: {"id": 1}'),
        ("time", {"$date": 1}, 'nested value: {"$date": 1}'),
        ("title", ["Babe"], "wrong type: a list: Babe"),
        ("user", ["ann"], "wrong type: a list cannot be an id"),
    ],
)
def test_nested_json_is_refused_with_line_and_column(tmp_path: Path, key: str, value: object, kind: str) -> None:
    good = {"user": "ann", "item": 1, "title": "Babe", "year": None, "time": 1, "rating": 5}
    path = tmp_path / "events.jsonl"
    path.write_text(json.dumps(good) + "\n" + json.dumps(good | {"item": 2, key: value}) + "\n")
    (row,) = read(make_source(path, "jsonl"))[1].rows
    assert (row.line, row.column, row.problem) == (2, key, kind)


def test_a_key_that_stands_twice_is_a_bad_row_if_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    start = '{"user": "ann", "item": 1, "title": "Babe", "year": null, "time": 1, "rating": 5'
    path.write_text(f'{start}}}\n{start}, "title": "Toys"}}\n{start.replace("1", "2")}, "x": 1, "x": 2}}\n')
    log, bad = read(make_source(path, "jsonl"))
    assert [(row.line, row.column, row.problem) for row in bad.rows] == [
        (2, "title", "repeated key: it stands twice in the object")
    ]
    assert len(log.events) == 2


def test_a_key_that_no_object_has_names_the_nearest(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    records = [dict(zip(["user", "item", "title", "year", "timestamp", "rating"], row, strict=True)) for row in ROWS]
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    error = refused(make_source(path, "jsonl"))
    assert error.problem == f"{path}: missing column 'time'"
    assert error.evidence == "it has: 'user', 'item', 'title', 'year', 'timestamp', 'rating'"
    assert error.fix.startswith("did you mean 'timestamp'?")


def test_ratings_in_a_label_column_and_labels_in_a_rating_column_name_the_setting(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "events.csv", ROWS)
    plain = make_source(path)
    label = Source(type(plain.log)(str(path), "user", "item", "time", label="rating"), plain.text, plain.items)
    assert refused(label).fix == 'rating = "rating" with a threshold in place of label in [log]'
    write_csv(path, with_column(ROWS, "rating", ["true"] * len(ROWS)))
    assert refused(plain).fix == 'label = "rating" in place of rating in [log]'


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        ("title", "x" * 10_001, "too long: 10,001 characters, 10,000 at most"),
        ("item", "x" * 10_001, "too long: 10,001 characters, 10,000 at most"),
        ("year", "2e15", "too large: 2e15 is beyond 1e+15"),
        ("rating", "4,5", "wrong type: '4,5' is not a number, write it with a point"),
    ],
)
def test_what_no_request_may_hold_is_a_bad_row(tmp_path: Path, column: str, value: str, problem: str) -> None:
    place = HEADER.index(column)
    rows = with_column(ROWS, column, [value if n == 4 else row[place] for n, row in enumerate(ROWS)])
    (row,) = read(make_source(write_csv(tmp_path / "events.csv", rows)))[1].rows
    assert (row.line, row.column, row.problem) == (6, column, problem)


def test_a_row_told_twice_and_out_of_order_is_one_bad_row(tmp_path: Path) -> None:
    for rows in ([*ROWS[::-1], *ROWS[::-1]], [row for row in ROWS[::-1] for _ in range(3)]):
        error = refused(make_source(write_csv(tmp_path / "events.csv", rows)))
        duplicates, unsorted = len(rows) - len(ROWS), read(make_source(tmp_path / "events.csv"))[1].kinds["unsorted"]
        assert f"{duplicates + unsorted:,} bad rows of {len(rows):,} (" in error.problem
        assert read(make_source(tmp_path / "events.csv", order="any"))[1].total == duplicates
        assert ANY in error.fix and FIRST_KEPT in error.fix


def test_what_a_field_of_many_lines_leaves_behind_comes_after_it(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_text(csv_text(ROWS) + 'ann,3,"' + "some words\n" * 20_000 + '",1995,99,5\n')
    error = refused(make_source(path))
    assert error.evidence.startswith(
        f"{path}:{len(ROWS) + 2}: quote without end or field too long: a field of more than"
    )
    assert error.fix.startswith("close the quote, or write the long text in one line")


def test_a_header_that_is_too_long_is_no_broken_quoting(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_text("x" * 140_000 + "," + csv_text(ROWS))
    assert refused(make_source(path)).problem == f"{path}:1: a field of the header is too long"


@pytest.mark.parametrize("end", ["", 'ann,4,"Toys",1995,99,5\n'])
def test_rows_that_an_open_quote_swallows_are_not_skipped(tmp_path: Path, end: str) -> None:
    path = tmp_path / "events.csv"
    path.write_text(csv_text(ROWS) + 'ann,3,"Toys,1995,99,5\n' + csv_text(ROWS).partition("\n")[2] + end)
    bad = read(make_source(path))[1]
    first, last = len(ROWS) + 2, 2 * len(ROWS) + 2 + bool(end)
    with pytest.raises(EdgeError) as caught:
        bad.refuse_swallowed()
    assert f"{path}:{first}: an open quote swallows {last - first:,} lines" in caught.value.problem
    assert caught.value.evidence == f"the row runs from line {first} to line {last}"
    assert "close it" in caught.value.fix and 'quote = ""' in caught.value.fix


def test_a_broken_row_of_few_lines_may_be_skipped(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_text(csv_text(ROWS) + 'ann,3,"Toys\n"x,1995,99,5\n')
    bad = read(make_source(path))[1]
    assert bad.total == 1
    bad.refuse_swallowed()
