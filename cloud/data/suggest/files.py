"""What a table's file is: its format, encoding, separator and quoting."""

from __future__ import annotations

import csv
from dataclasses import replace
from itertools import islice
from pathlib import Path

from cloud.data.schema import File, Format
from cloud.data.suggest.sample import ROWS, Sample, read_sample
from cloud.data.tables.columns import columns_of
from cloud.data.tables.contents import head, other_than
from cloud.data.tables.csv_table import first_line, reader_of
from cloud.data.tables.encoding import likely_encoding
from cloud.data.tables.header import SEPARATORS, require_csv_header
from cloud.data.tables.read import existing
from cloud.data.tables.text_file import open_text
from cloud.data.values import NUMBER, shown
from edge.errors import EdgeError

LINES = 200  # that separators are tried on
WHOLE = 0.9  # share of rows with as many values as the header
FORMATS = "CSV, JSONL or Parquet"
A_ROW_EACH = "write a row for each event, with columns of user, item, time and label"
NO_HEADERS = ("<", "sep=", "version https://git-lfs")
CONTROL = frozenset({*range(9), *range(14, 32)})
FEW = 0.01  # share of control characters in a text


def look_at(path: Path, rows: int = ROWS) -> Sample:
    """The first rows of a file of any known format. Errors: another format, no header, no row."""
    file = _file(path)
    sample, bad = read_sample(file, columns_of(file, rows), rows)
    broken = bad.kinds["broken quoting"]
    if broken and file.quote:
        plain = replace(file, quote="")
        other, fewer = read_sample(plain, columns_of(plain, rows), rows)
        if fewer.total < broken:
            sample, bad = other, fewer
    if not sample.rows:
        bad.refuse()
        names = ", ".join(map(repr, sample.columns))
        raise EdgeError(f"{path} holds no rows", evidence=f"its columns are {names}", fix=A_ROW_EACH)
    return sample


def _file(path: Path) -> File:
    """Errors: there is no such file, its first bytes or its first line are those of something else."""
    if not path.exists():
        alike = [other.name for other in path.parent.glob("*") if other.is_file()] if path.parent.is_dir() else []
        there = f"there is: {', '.join(sorted(alike)[:5])}" if alike else ""
        raise EdgeError(f"no file {path}", evidence=there, fix="correct the path")
    existing(File(str(path)))
    start = head(path)
    if start.startswith(b"PAR1"):
        return File(str(path), "parquet")
    if other := other_than(FORMATS, path):
        raise other
    if not start.strip():
        raise EdgeError(f"{path} is empty", evidence=f"it has {path.stat().st_size:,} bytes", fix=A_ROW_EACH)
    encoding = likely_encoding(path)
    if not encoding.startswith("utf-16") and not encoding.startswith("utf-32"):
        _require_text(path, start)
    if not encoding:
        raise EdgeError(
            f"{path} is not UTF-8, and its encoding is unknown",
            fix=f"write it as UTF-8: iconv -f CP1251 -t UTF-8 {path}, with the encoding of the file in place of CP1251",
        )
    file = File(str(path), encoding=encoding)
    with open_text(file, newline="") as text:
        _, first = first_line(text, file)
    form: Format = "jsonl" if first.lstrip()[:1] in ("{", "[") else "csv"
    return _separated(replace(file, format=form)) if form == "csv" else replace(file, format=form)


def _separated(file: File) -> File:
    """The CSV file with the separator that makes most columns of its first lines. Errors: it has no header."""
    with open_text(file, newline="") as text:
        above, first = first_line(text, file)
        lines = [first, *islice(text, LINES)]
    best = max((replace(file, separator=separator) for separator in SEPARATORS), key=lambda of: _columns(of, lines))
    if first.lower().startswith(NO_HEADERS):
        require_csv_header(["user", "item", "time"], [], first, above + 1, best)
    header = _cells(best, [first])[:1]
    cells = header[0] if header else first.split(best.separator)
    if len(cells) < 2:
        raise EdgeError(
            f"{file.path} has one column",
            evidence=f"line {above + 1}: {shown(first.strip())}",
            fix=f"{A_ROW_EACH}, separated by one of: {' '.join(map(repr, SEPARATORS))}",
        )
    values = [cell for cell in cells if NUMBER.fullmatch(cell.strip())]
    if values:
        raise EdgeError(
            f"{file.path} has no header: its first line holds values",
            evidence=f"line {above + 1} holds {values[0]!r}",
            fix="add a first line with the names of the columns",
        )
    return best


def _require_text(path: Path, start: bytes) -> None:
    """Errors: control characters in the first line, or many after it."""
    lines = start.split(b"\n", 1)
    if CONTROL.intersection(lines[0]) or sum(byte in CONTROL for byte in start) > FEW * len(start):
        raise EdgeError(
            f"{path} is not text, nor Parquet", evidence=f"it begins with {start[:20]!r}", fix=f"write it as {FORMATS}"
        )


def _columns(file: File, lines: list[str]) -> int:
    """How many columns these lines have; 1 if many of them have another number than the first."""
    rows = _cells(file, lines)
    if not rows:
        return 0
    whole = sum(len(row) == len(rows[0]) for row in rows[1:])
    return len(rows[0]) if whole >= WHOLE * (len(rows) - 1) else 1


def _cells(file: File, lines: list[str]) -> list[list[str]]:
    """The rows up to the first that cannot be parsed; without quoting if none can."""
    rows: list[list[str]] = []
    try:
        rows.extend(row for row in reader_of(lines, file) if row)
    except csv.Error:
        if len(rows) < 2 and file.quote:
            return _cells(replace(file, quote=""), lines)
    return rows
