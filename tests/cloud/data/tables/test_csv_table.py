from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.data.bad_rows import BadRows
from cloud.data.schema import File
from cloud.data.tables import csv_table
from cloud.data.tables.plain_csv import plain_columns
from cloud.data.tables.read import read_batches

ODD = st.text(st.sampled_from(list('ab7. ,;|"\t\r\n\0é…\u2028\ufeff\x1c')), max_size=4)
PLAIN = st.sampled_from(["", "a", " 7", "é…", "\u2028", '"a,b"', '""', '"a ""b"""', '"é\'"', '"""", ""'])
FIELDS = st.one_of(*3 * [PLAIN], ODD)
LINES = st.builds(
    lambda fields, end: ",".join(fields) + end,
    st.lists(FIELDS, min_size=2, max_size=4),
    st.sampled_from(["\n", "\n", "\n", "\r\n", "\r", "\n\n", ""]),
)
Read = tuple[list[int], dict[str, list[Any]]]


def read(file: File, wanted: list[str]) -> tuple[list[Read], list[str], int]:
    """The batches, the bad rows and how many rows were seen."""
    bad = BadRows()
    batches = [
        (list(batch.lines), {name: list(column) for name, column in batch.columns.items()})
        for batch in read_batches(file, wanted, bad)
    ]
    return batches, [f"{row}" for row in bad.rows], bad.seen[file.path]


def by_csv_alone(*about: Any) -> None:
    """In place of `plain_columns`: nothing is plain."""


@settings(max_examples=400, deadline=None)
@given(lines=st.lists(LINES, max_size=8), rows=st.integers(1, 5), quote=st.sampled_from(['"', "", ";"]))
def test_whatever_is_in_a_file_arrow_reads_it_as_csv_does_or_not_at_all(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], rows: int, quote: str
) -> None:
    path = tmp_path_factory.mktemp("csv") / "log.csv"
    path.write_text("".join(["user,item,time\n", *lines]), newline="")
    file, wanted = File(str(path), quote=quote), ["time", "user"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_table, "ROWS", rows)
        found = read(file, wanted)
        patch.setattr(csv_table, "plain_columns", by_csv_alone)
        assert found == read(file, wanted)


def test_quotes_in_one_batch_leave_the_others_plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log.csv"
    path.write_text('user,item\n"a",1\nb,2\n"c\nd",3\ne,4\n\nf\n"g,5\nh,6\ni,7\nj,"8"\n')
    monkeypatch.setattr(csv_table, "ROWS", 2)
    batches, bad, seen = read(File(str(path)), ["user", "item"])
    assert [(line, row) for lines, columns in batches for line, row in zip(lines, columns["user"], strict=True)] == [
        (2, "a"),
        (3, "b"),
        (4, "c\nd"),
        (6, "e"),
    ]
    assert sorted(row.partition(": ")[0] for row in bad) == [f"{path}:8", f"{path}:9"]
    assert seen == 6


def test_quotes_around_whole_fields_are_plain() -> None:
    columns = plain_columns(['"a,b","",c\n', '"""a""",1,"\'"\r\n'], [0, 1, 2], 3, File("log.csv"))
    assert columns
    assert [list(column) for column in columns] == [["a,b", '"a"'], ["", "1"], ["c", "'"]]


def test_plain_lines_are_columns_of_distinct_values_in_order_of_appearance() -> None:
    columns = plain_columns(["b,1,x\n", "a,1,\n", "b, 2,x"], [0, 1, 2], 3, File("log.csv"))
    assert columns
    assert [column.distinct for column in columns] == [["b", "a"], ["1", " 2"], ["x", ""]]
    assert columns[0].places.tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    "line",
    [
        'b"c",1\n',
        '"b" ,1\n',
        ' "b",1\n',
        '"b\n',
        '"b"c",1\n',
        '"b,"c",1"\n',
        "b\r",
        "b,1,2\n",
        "b\n",
        "\n",
        "b,\udcff\n",
        "b,\0\n",
        "\ufeffb,1\n",
        f"b,{'1' * 131_073}\n",
    ],
)
def test_lines_that_python_has_to_look_at_are_not_plain(line: str) -> None:
    assert plain_columns([line, "a,1\n"], [0, 1], 2, File("log.csv")) is None


def test_a_field_at_the_limit_of_its_length_is_read(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(f"user,item\na,{'1' * 131_072}\n")
    ((_, columns),), bad, _ = read(File(str(path)), ["item"])
    assert columns["item"] == ["1" * 131_072]
    assert not bad
