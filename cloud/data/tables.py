"""CSV, Parquet and JSONL as batches of columns, each value with the line it came from."""

from __future__ import annotations

import csv
import difflib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from cloud.data.bad_rows import BadRows
from cloud.data.schema import File
from edge.errors import EdgeError

BATCH = 65_536


@dataclass(frozen=True)
class Batch:
    """Rows: `columns[name][i]` stands at `lines[i]`. Absent is None, broken bytes are surrogates."""

    lines: list[int]
    columns: dict[str, list[Any]]


def read_batches(file: File, columns: Sequence[str], bad: BadRows) -> Iterator[Batch]:
    """The wanted columns of a file. Rows that cannot be parsed go to `bad`.

    Errors: no such file, a missing column (the nearest is named), an unreadable file.
    """
    path = Path(file.path)
    if not path.is_file():
        raise EdgeError(f"no file {file.path}", fix="correct its path in edge.toml (relative to edge.toml)")
    wanted = list(dict.fromkeys(columns))
    readers: dict[str, Callable[[File, list[str], BadRows], Iterator[Batch]]] = {
        "csv": _read_csv,
        "jsonl": _read_jsonl,
        "parquet": _read_parquet,
    }
    try:
        yield from readers[file.format](file, wanted, bad)
    except UnicodeError as error:
        raise EdgeError(f"{file.path} is not {file.encoding}", evidence=str(error)) from error


def _require(wanted: Sequence[str], present: Sequence[str], file: File) -> None:
    for name in wanted:
        if name not in present:
            longer = [other for other in present if name.lower() in other.lower()]
            nearest = longer or difflib.get_close_matches(name, present, n=1, cutoff=0.0)
            raise EdgeError(
                f"{file.path}:1: missing column {name!r}",
                evidence=f"it has: {', '.join(map(repr, present))}",
                fix=f"did you mean {nearest[0]!r}? correct the column's name in edge.toml" if nearest else "",
            )


def _open(file: File) -> TextIO:
    """The file as text; bytes that are not valid become surrogates, to be reported where they stand."""
    encoding = "utf-8-sig" if file.encoding.lower().replace("_", "-") in ("utf-8", "utf8") else file.encoding
    try:
        return Path(file.path).open(encoding=encoding, errors="surrogateescape", newline="")
    except LookupError as error:
        raise EdgeError(f"unknown encoding {file.encoding!r} for {file.path}", fix='encoding = "utf-8"') from error


def _read_csv(file: File, wanted: list[str], bad: BadRows) -> Iterator[Batch]:
    with _open(file) as text:
        rows = _csv_rows(text, file, bad)
        _, header = next(rows, (1, []))
        _require(wanted, header, file)
        places = [header.index(name) for name in wanted]
        while block := list(islice(rows, BATCH)):
            whole = [row for row in block if _is_whole(row, header, file, bad)]
            values = [[row[1][place] for row in whole] for place in places]
            yield Batch([row[0] for row in whole], dict(zip(wanted, values, strict=True)))


def _csv_rows(text: TextIO, file: File, bad: BadRows) -> Iterator[tuple[int, list[str]]]:
    """(line on which the row starts, its fields); empty lines are passed over."""
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if file.quote else csv.QUOTE_NONE
    rows = csv.reader(text, delimiter=file.separator, quotechar=file.quote or None, quoting=quoting, strict=True)
    while True:
        line = rows.line_num + 1
        try:
            row = next(rows, None)
        except csv.Error as error:
            bad.add(file.path, line, "", "broken quoting", f"{error} (up to line {rows.line_num})")
            continue
        if row is None:
            return
        if row:
            yield line, row


def _is_whole(row: tuple[int, list[str]], header: list[str], file: File, bad: BadRows) -> bool:
    line, fields = row
    if len(fields) == len(header):
        return True
    column = header[len(fields)] if len(fields) < len(header) else header[-1]
    kind = "missing column" if len(fields) < len(header) else "too many columns"
    bad.add(file.path, line, column, kind, f"{len(fields)} values for {len(header)} columns")
    return False


def _read_jsonl(file: File, wanted: list[str], bad: BadRows) -> Iterator[Batch]:
    with _open(file) as text:
        lines = ((number, line) for number, line in enumerate(text, start=1) if line.strip())
        while block := list(islice(lines, BATCH)):
            found = [(number, _json_row(number, line, wanted, file, bad)) for number, line in block]
            whole = [(number, row) for number, row in found if row is not None]
            columns = {name: [row[name] for _, row in whole] for name in wanted}
            yield Batch([number for number, _ in whole], columns)


def _json_row(number: int, line: str, wanted: list[str], file: File, bad: BadRows) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        bad.add(file.path, number, "", "not JSON", str(error))
        return None
    if not isinstance(row, dict):
        bad.add(file.path, number, "", "wrong type", "a line must be a JSON object")
        return None
    for name in wanted:
        if name not in row:
            bad.add(file.path, number, name, "missing column")
            return None
    return row


def _read_parquet(file: File, wanted: list[str], bad: BadRows) -> Iterator[Batch]:
    try:
        table = pq.ParquetFile(file.path)
    except (pa.ArrowInvalid, OSError) as error:
        raise EdgeError(f"{file.path} is not a Parquet file", evidence=str(error).splitlines()[0]) from error
    with table:
        _require(wanted, table.schema_arrow.names, file)
        line = 1
        for block in table.iter_batches(batch_size=BATCH, columns=wanted):
            columns = {name: _values(block.column(name)) for name in wanted}
            yield Batch(list(range(line, line + block.num_rows)), columns)
            line += block.num_rows


def _values(column: pa.Array) -> list[Any]:
    """Python values; text that is not UTF-8 keeps its bytes as surrogates."""
    try:
        values: list[Any] = column.to_pylist()
    except UnicodeDecodeError:
        raw = column.cast(pa.binary()).to_pylist()
        values = [None if value is None else value.decode("utf-8", "surrogateescape") for value in raw]
    return values
