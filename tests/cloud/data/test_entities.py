"""Ids and what is known about them: rows that disagree, and two files that write ids in two ways."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from logs import ITEMS, TEXT, make_source, read, refused, write_csv

from cloud.data.schema import Attribute, Entities, LogTable, Source
from edge.errors import EdgeError

HEADER = ["user", "item", "title", "year", "age", "time", "rating"]
ROWS = [
    ["ann", "7", "Babe", "1995", "30", "1", "5"],
    ["ann", "8", "Toys", "", "30", "2", "1"],
    ["bob", "7", "Babe", "1995", "40", "3", "5"],
    ["bob", "8", "Toys", "1992", "40", "4", "1"],
    ["bob", "9", "Matrix, The", "1999", "41", "5", "1"],
    ["ann", "9", "The Matrix", "1999", "31", "6", "1"],
    ["ann", "7", "Babe 2", "1995", "31", "7", "1"],
    ["ann", "7", "Babe 3", "1995", "32", "8", "1"],
]


def warnings(tmp_path: Path, rows: list[list[str]]) -> list[EdgeError]:
    plain = make_source(write_csv(tmp_path / "events.csv", rows, HEADER))
    users = Entities(attributes={"age": Attribute("age", "integer")})
    log, bad = read(Source(plain.log, plain.text, plain.items, users))
    assert bad.total == 0
    assert [item.attributes["title"] for item in log.items] == ["Babe", "Toys", "The Matrix"]
    return bad.warnings


def test_attributes_that_change_from_row_to_row_are_counted_with_the_first_example(tmp_path: Path) -> None:
    found = {warning.problem: (warning.evidence, warning.fix) for warning in warnings(tmp_path, ROWS)}
    assert found == {
        "2 of 2 users have more than one 'age' in events.csv; that of the first row is used": (
            "'bob' has 40 in events.csv:4 and 41 in events.csv:6",
            "if 'user' does not hold the ids of users, correct user in [log]",
        ),
        "1 of 3 items have more than one 'title' in events.csv; that of the first row is used": (
            "'7' has 'Babe' in events.csv:2 and 'Babe 2' in events.csv:8",
            "if 'item' does not hold the ids of items, correct item in [log]",
        ),
        "1 of 3 items have more than one 'year' in events.csv; that of the first row is used": (
            "'8' has nothing in events.csv:3 and 1992 in events.csv:5",
            "if 'item' does not hold the ids of items, correct item in [log]",
        ),
    }


def test_attributes_spelt_in_two_ways_that_mean_one_do_not_change(tmp_path: Path) -> None:
    assert warnings(tmp_path, [ROWS[0], ROWS[3], ROWS[4], [*ROWS[5][:4], "30", *ROWS[5][5:]]])[0].problem.startswith(
        "1 of 2 users"
    )
    same = [ROWS[0], ROWS[3], [*ROWS[4][:4], "40", *ROWS[4][5:]], [*ROWS[5][:4], "30", *ROWS[5][5:]]]
    assert warnings(tmp_path, same) == []


def two_files(tmp_path: Path, in_log: Callable[[int], str], in_items: Callable[[int], str]) -> Source:
    events = [[f"u{n % 5}", in_log(n % 60), str(n), str(n % 2)] for n in range(600)]
    log = write_csv(tmp_path / "events.csv", events, ["user", "item", "time", "clicked"])
    items = write_csv(
        tmp_path / "items.csv", [[in_items(n), f"Title {n}", ""] for n in range(60)], ["id", "title", "year"]
    )
    return Source(
        log=LogTable(path=str(log), user="user", item="item", time="time", label="clicked"),
        items=Entities(path=str(items), id="id", attributes=ITEMS.attributes),
        text=TEXT,
    )


@pytest.mark.parametrize(
    ("in_log", "in_items", "what", "example"),
    [
        (lambda n: f"{n + 1}", lambda n: f"{n + 1:03}", "leading zeros", "'1' in events.csv:2 is '001' in items.csv"),
        (lambda n: f"{n + 1:03}", lambda n: f"{n + 1}", "leading zeros", "'001' in events.csv:2 is '1' in items.csv"),
        (lambda n: f"{n}.0", lambda n: f"{n}", "a trailing .0", "'0.0' in events.csv:2 is '0' in items.csv"),
        (lambda n: f"A{n}", lambda n: f"a{n}", "upper and lower case", "'A0' in events.csv:2 is 'a0' in items.csv"),
        (lambda n: f"{n} x", lambda n: f"{n}\u00a0x", "white space or invisible characters", r"is '0\xa0x'"),
        (lambda n: f"{n}\u200b", lambda n: f"{n}", "white space or invisible characters", r"'0\u200b' in events.csv:2"),
        (lambda n: f"é{n}", lambda n: f"e\u0301{n}", "how an accent is encoded", r"is 'e\u03010'"),
        (lambda n: f"'{n}'", lambda n: f"{n}", "punctuation", "\"'0'\" in events.csv:2 is '0' in items.csv"),
        (lambda n: f"{n}", lambda n: f"film-{n}", "what stands before the number", "is 'film-0' in items.csv"),
        (lambda n: f"{n}.0", lambda n: f"{n:05}", "the ways of writing them", "'0.0' in events.csv:2 is '00000'"),
        (lambda n: f"{n}", lambda n: f"tt{n:07}", "the ways of writing them", "'0' in events.csv:2 is 'tt0000000'"),
    ],
)  # fmt: skip
def test_ids_written_in_two_ways_are_told_with_an_example(
    tmp_path: Path, in_log: Callable[[int], str], in_items: Callable[[int], str], what: str, example: str
) -> None:
    error = refused(two_files(tmp_path, in_log, in_items))
    assert error.problem == "600 bad rows of 660 (600 unknown id)"
    told = f"write the ids alike in both files: 60 of the 60 unknown ones differ only in {what} ("
    assert error.fix.startswith(told) and example in error.fix


def test_a_third_of_the_ids_written_in_another_way_are_told_too(tmp_path: Path) -> None:
    source = two_files(tmp_path, lambda n: f"{n:03}" if n % 3 == 1 else str(n), str)
    error = refused(source)
    assert error.problem == "200 bad rows of 660 (200 unknown id)"
    assert "20 of the 20 unknown ones differ only in leading zeros ('001' in events.csv:3 is '1'" in error.fix
    _, bad = read(source)
    bad.warn()
    assert bad.warnings[0].fix == error.fix


def test_ids_that_are_simply_missing_may_be_left_out(tmp_path: Path) -> None:
    error = refused(two_files(tmp_path, lambda n: "gone" if n == 7 else str(n), str))
    assert error.problem == "10 bad rows of 660 (10 unknown id)"
    assert error.fix.startswith("correct them, or pass --skip-bad-rows")


def test_ids_of_something_else_are_shown_side_by_side(tmp_path: Path) -> None:
    error = refused(two_files(tmp_path, lambda n: f"{n}q{n}x", lambda n: f"film of {n}"))
    assert error.fix == (
        "name the columns that hold the same ids in edge.toml: events.csv has '0q0x', '10q10x', '11q11x', "
        "items.csv has 'film of 0', 'film of 1', 'film of 10'"
    )


def test_a_few_ids_that_happen_to_look_alike_explain_nothing(tmp_path: Path) -> None:
    error = refused(two_files(tmp_path, lambda n: str(n) if n % 6 else "00" if n == 0 else f"gone{n}x", str))
    assert error.problem.endswith("(100 unknown id)") and error.fix.startswith("correct them, or pass")


def test_an_id_that_two_others_could_be_is_no_match(tmp_path: Path) -> None:
    error = refused(two_files(tmp_path, lambda n: f"0{n}", lambda n: f"{'00' if n % 2 else ''}{n // 2}"))
    assert "leading zeros" not in error.fix


def test_a_file_of_items_without_rows_is_an_error(tmp_path: Path) -> None:
    source = two_files(tmp_path, str, str)
    (tmp_path / "items.csv").write_text("id,title,year\n")
    assert refused(source).problem == f"{tmp_path / 'items.csv'} holds no rows"


def test_a_list_without_a_separator_is_refused_with_its_column() -> None:
    with pytest.raises(EdgeError, match=r"separator of the list 'genres' is empty"):
        Attribute("genres", "list", separator="")


def test_a_bad_row_of_items_stands_before_the_rows_that_need_it(tmp_path: Path) -> None:
    source = two_files(tmp_path, lambda n: str(n % 7), str)
    path = tmp_path / "items.csv"
    path.write_text(path.read_text().replace("Title 3,", "Title 3,x"))
    error = refused(source)
    assert error.problem.startswith("91 bad rows of 660 (1 wrong type, 90 id of a bad row)")
    assert error.evidence.startswith(f"{path}:5: column 'year': wrong type: 'x' is not a number\n")
    assert "column 'item': id of a bad row: '3' stands in items.csv:5, which is bad" in error.evidence
    cause, effect = error.fix.split("\nfix: ")
    assert cause.endswith("to leave them out and list them in the run (1 row)")
    assert effect == "correct that row: these ones are read with it (90 rows)"


def test_a_file_of_items_with_bad_rows_alone_is_refused_by_itself(tmp_path: Path) -> None:
    source = two_files(tmp_path, str, str)
    path = tmp_path / "items.csv"
    path.write_text("id,title,year\n" + "".join(f"{n},Title {n},x\n" for n in range(60)))
    error = refused(source)
    assert error.problem == "60 bad rows of 60 (60 wrong type)"
    assert "'year' fails in 60 of the 60 rows of items.csv" in error.fix


def test_ids_that_are_lost_with_a_broken_row_of_items_come_after_it(tmp_path: Path) -> None:
    source = two_files(tmp_path, str, str)
    path = tmp_path / "items.csv"
    path.write_bytes(path.read_bytes().replace(b"\n7,", b"\n\xff7,").replace(b"\n9,Title", b"\n9,Ti,tle"))
    error = refused(source)
    assert error.problem.startswith("22 bad rows of 660 (1 too many columns, 1 broken encoding, 20 unknown id)")
    assert error.evidence.startswith(f"{path}:9: column 'id': broken encoding")


@pytest.mark.parametrize(
    ("change", "what", "example"),
    [
        (lambda n: f"{n:05}", "leading zeros", "'00017' in events.csv:19 and '17' in events.csv:79 count as two"),
        (lambda n: f"{n}.0", "a trailing .0", "'17.0' in events.csv:19 and '17' in"),
        (lambda n: f"{n}\u200b", "white space or invisible characters", r"'17\u200b' in events.csv:19 and '17' in"),
    ],
)  # fmt: skip
def test_ids_of_one_log_written_in_two_ways_are_warned_of(
    tmp_path: Path, change: Callable[[int], str], what: str, example: str
) -> None:
    def item(n: int) -> str:
        return change(n % 60) if n == 17 else str(n % 60)

    rows = [[f"u{n % 5}", item(n), f"Title {n % 60}", "", "", str(n), str(n % 5)] for n in range(600)]
    _, bad = read(make_source(write_csv(tmp_path / "events.csv", rows, HEADER)))
    (warning,) = bad.warnings
    assert warning.problem == f"1 of 61 items in events.csv are others, it seems, but for {what}"
    assert warning.evidence.startswith(example)


@pytest.mark.parametrize("name", ["nan", "NaN", "NULL", "None", r"\N", "<NA>", "n/a", "undefined", " "])
@pytest.mark.parametrize("column", ["user", "item"])
def test_a_word_for_nothing_is_no_id(tmp_path: Path, column: str, name: str) -> None:
    rows = [list(row) for row in ROWS]
    rows[2][HEADER.index(column)] = name
    _, bad = read(make_source(write_csv(tmp_path / "events.csv", rows, HEADER)))
    assert [(row.line, row.column, row.problem.partition(":")[0]) for row in bad.rows] == [(4, column, "empty id")]
