"""Files that are not what edge.toml calls them: each error names what the file is, and the setting that reads it."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from logs import HEADER, csv_text, error, make_rows, make_source, read, refused, source

ROWS = make_rows()
TEXT = csv_text(ROWS)
RECORDS = [dict(zip(HEADER, row, strict=True)) for row in ROWS]
JSONL = "".join(json.dumps(record) + "\n" for record in RECORDS)
PLAIN = csv_text([["u", "i", "Title", "1980", str(time), "5"] for time in range(30)])


def parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(RECORDS), out)
    return out.getvalue()


def zipped(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, TEXT)
    return out.getvalue()


def tarred() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        member = tarfile.TarInfo("events.csv")
        member.size = len(TEXT)
        archive.addfile(member, io.BytesIO(TEXT.encode()))
    return out.getvalue()


@pytest.mark.parametrize("format", ["csv", "jsonl"])
@pytest.mark.parametrize(
    ("content", "what", "fix"),
    [
        (parquet(), "is Parquet, not", 'format = "parquet"'),
        (gzip.compress(parquet()), "is Parquet, not", 'format = "parquet"'),
        (zipped("events.csv"), "is a ZIP archive, not", "unpack it, and name the file within it in edge.toml"),
        (zipped("xl/workbook.xml"), "is a workbook (such as Excel's .xlsx), not", "save the sheet as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "is an old Excel workbook, not", "save the sheet as CSV"),
        (bz2.compress(TEXT.encode()), "is compressed by bzip2, not", "bunzip2"),
        (lzma.compress(TEXT.encode()), "is compressed by xz, not", "unxz"),
        (b"\x28\xb5\x2f\xfd" + bytes(99), "is compressed by zstd, not", "zstd -d"),
        (tarred(), "is a tar archive, not", "unpack it"),
        (b"PK\x03\x04" + bytes(99), "is a ZIP archive, not", "unpack it"),
    ],
)
def test_a_file_that_is_no_text_is_named_by_its_first_bytes(
    tmp_path: Path, content: bytes, what: str, fix: str, format: str
) -> None:
    found = error(tmp_path, content, format)
    assert found.problem == f"{tmp_path / 'events.csv'} {what} {format.upper()}"
    assert fix in found.fix


@pytest.mark.parametrize(
    ("content", "what", "fix"),
    [
        (JSONL, "is JSONL", 'format = "jsonl"'),
        (json.dumps(RECORDS), "is one JSON list", "jq -c '.[]' < "),
        (json.dumps(RECORDS, indent=1), "is one JSON list", "jq -c '.[]' < "),
        (json.dumps(RECORDS[0], indent=1), "is JSON spread over several lines", "jq -c . < "),
        ("<!DOCTYPE html>\n<p>Sign in</p>\n", "is HTML or XML", "web page"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:ab\n", "is a pointer of Git LFS", "git lfs pull"),
        ("sep=;\n" + csv_text(ROWS, separator=";"), ":1: 'sep=;' is not a header", "delete this line"),
        (TEXT.partition("\n")[2], "has no header", "add a first line with the names of the columns"),
        (bytes(range(256)) * 9, "is not text", "write it as CSV, JSONL or Parquet, or name its encoding"),
        (b"", "is empty", "check its path"),
        (b"\n\n", "is empty", "check its path"),
        (gzip.compress(b"", mtime=0), "is empty", "check its path"),
    ],
)  # fmt: skip
def test_text_that_is_no_csv_is_named(tmp_path: Path, content: str | bytes, what: str, fix: str) -> None:
    found = error(tmp_path, content)
    assert what in found.problem and "missing column" not in found.problem
    assert fix in found.fix


@pytest.mark.parametrize(
    ("content", "fix"),
    [
        (TEXT, "the file is CSV, it seems: format = \"csv\""),
        (json.dumps(RECORDS), "the file is one JSON list, not a row a line: rewrite it, "),
        (json.dumps(RECORDS, indent=1), "the file is one JSON list, not a row a line"),
        ("\n".join(json.dumps(record, indent=1) for record in RECORDS), "the file is JSON spread over several lines"),
    ],
)  # fmt: skip
def test_text_that_is_no_jsonl_is_named(tmp_path: Path, content: str, fix: str) -> None:
    assert error(tmp_path, content, "jsonl").fix.startswith(fix)


def test_one_broken_line_does_not_make_a_file_something_else(tmp_path: Path) -> None:
    found = error(tmp_path, "user,item\n" + JSONL, "jsonl")
    assert found.fix.startswith("correct them, or pass --skip-bad-rows")


@pytest.mark.parametrize(
    ("content", "what", "fix"),
    [
        (TEXT, "is not a Parquet file: it is text", 'format = "csv"'),
        (JSONL, "is not a Parquet file: it is JSONL", 'format = "jsonl"'),
        (gzip.compress(parquet()), "is compressed by gzip", "unpack it: gunzip"),
        (zipped("xl/workbook.xml"), "is a workbook", "save the sheet as CSV"),
        (parquet()[:-100], "is damaged Parquet", "copy it again"),
        (b"", "is empty", "check its path"),
    ],
)
def test_what_is_no_parquet_is_named(tmp_path: Path, content: str | bytes, what: str, fix: str) -> None:
    found = error(tmp_path, content, "parquet")
    assert what in found.problem
    assert fix in found.fix


@pytest.mark.parametrize("separator", [";", "\t", "|", ":", " "])
@pytest.mark.parametrize("quoted", [False, True])
def test_another_separator_is_named_and_reads_the_file(tmp_path: Path, separator: str, quoted: bool) -> None:
    text = PLAIN.replace(",", f'"{separator}"' if quoted else separator)
    if quoted:
        text = "".join(f'"{line}"\n' for line in text.splitlines())
    found = error(tmp_path, text)
    assert found.problem == f"{tmp_path / 'events.csv'} is separated by {separator!r}, not ','"
    assert found.fix == f'separator = "{separator}"'.replace("\t", "\\t")
    assert len(read(source(tmp_path, text, separator=separator))[0].events) == 30


def test_another_separator_is_named_where_a_column_is_misspelt_too(tmp_path: Path) -> None:
    found = error(tmp_path, csv_text(ROWS, ["user", "item", "name", "year", "time", "rating"], ";"))
    assert found.fix == 'separator = ";"'


@pytest.mark.parametrize(("format", "text", "first"), [("csv", TEXT, 2), ("jsonl", JSONL, 1)])
def test_gzip_is_read_like_the_file_within_and_lines_are_counted(
    tmp_path: Path, format: str, text: str, first: int
) -> None:
    broken = text.replace("Title 3", " ", 1)
    plain, bad = read(source(tmp_path, broken, format))
    packed, too = read(source(tmp_path, gzip.compress(broken.encode()), format))
    assert bad.rows == too.rows and len(bad.rows) == 1 and bad.rows[0].line > first
    assert packed.items == plain.items and packed.events.time.tolist() == plain.events.time.tolist()


def test_gzip_in_several_parts_is_read_to_its_end(tmp_path: Path) -> None:
    parts = gzip.compress(TEXT[:1000].encode()) + gzip.compress(TEXT[1000:].encode())
    assert len(read(source(tmp_path, parts))[0].events) == len(ROWS)


@pytest.mark.parametrize("format", ["csv", "jsonl"])
@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda packed: packed[: len(packed) // 2], "ends in the middle of its gzip data"),
        (lambda packed: packed[:-4], "ends in the middle of its gzip data"),
        (lambda packed: packed[:15], "ends in the middle of its gzip data"),
        (lambda packed: packed[:-8] + bytes(8), "is a damaged gzip file"),
        (lambda packed: packed[:40] + bytes(40) + packed[80:], "is a damaged gzip file"),
        (lambda packed: packed + b"more", "is a damaged gzip file"),
    ],
)
def test_damaged_gzip_is_an_error_of_its_own(tmp_path: Path, damage, problem: str, format: str) -> None:  # type: ignore[no-untyped-def]
    content = damage(gzip.compress((TEXT if format == "csv" else JSONL).encode() * 300))
    assert error(tmp_path, content, format).problem == f"{tmp_path / 'events.csv'} {problem}"


def test_a_folder_and_a_missing_file_say_what_is_there(tmp_path: Path) -> None:
    assert refused(make_source(tmp_path)).problem == f"{tmp_path} is a folder, not a file"
    (tmp_path / "events.csv.gz").write_bytes(b"")
    assert refused(make_source(tmp_path / "events.csv")).evidence == "there is: 'events.csv.gz'"


def test_a_file_that_may_not_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = source(tmp_path, TEXT)

    def forbidden(path: Path, *rest: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", forbidden)
    assert refused(one).problem == f"{tmp_path / 'events.csv'} cannot be read: Permission denied"


def test_two_columns_of_one_name_are_refused_if_they_are_read(tmp_path: Path) -> None:
    rows = [[*row, "x", "y"] for row in ROWS]
    found = error(tmp_path, csv_text(rows, [*HEADER, "title", "z"]))
    assert found.problem == f"{tmp_path / 'events.csv'}:1: 2 columns are named 'title'"
    assert found.evidence == "columns 3 and 7 of 8"
    assert len(read(source(tmp_path, csv_text(rows, [*HEADER, "z", "z"])))[0].events) == len(ROWS)


def test_a_header_in_brackets_is_a_header(tmp_path: Path) -> None:
    found = error(tmp_path, csv_text(ROWS, [f"[{name}]" for name in HEADER]))
    assert "missing columns 'user' and" in found.problem and found.fix.startswith("did you mean '[user]' and '[item]'")


def test_every_missing_column_is_named_at_once(tmp_path: Path) -> None:
    found = error(tmp_path, csv_text(ROWS, ["User", "item", "title", "release year", "time", "stars"]))
    assert "missing columns 'user' and 'rating' and 'year'" in found.problem
    assert found.fix.startswith("did you mean 'User' and 'stars' and 'release year'?")


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1e"])
@pytest.mark.parametrize(("format", "first"), [("csv", 2), ("jsonl", 1)])
def test_no_character_but_a_line_feed_ends_a_row(tmp_path: Path, format: str, first: int, character: str) -> None:
    rows = [
        ["ann", "1", f"Two{character}lines", "1999", "1", "5"],
        ["ann", "2", f"{character}", "1999", "2", "5"],
        ["ann", "3", "Last", "1999", "3", "5"],
    ]
    records = [dict(zip(HEADER, row, strict=True)) for row in rows]
    jsonl = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    log, bad = read(source(tmp_path, csv_text(rows) if format == "csv" else jsonl, format))
    assert [item.attributes["title"] for item in log.items] == [f"Two{character}lines", "Last"]
    assert [(row.line, row.problem) for row in bad.rows] == [(first + 1, "empty title")]
