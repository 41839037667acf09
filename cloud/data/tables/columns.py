"""The columns of a file, before an edge.toml names the ones that are wanted."""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import dataclass, field
from itertools import chain, islice

import pyarrow as pa
import pyarrow.parquet as pq

from cloud.data.bad_rows import BadRows
from cloud.data.schema import File
from cloud.data.tables.csv_table import first_line, reader_of
from cloud.data.tables.jsonl_table import is_nested
from cloud.data.tables.parquet_table import is_plain
from cloud.data.tables.read import read_batches
from cloud.data.tables.text_file import open_text
from edge.errors import EdgeError


@dataclass(frozen=True)
class Columns:
    """Those that can be read, in the file's order, and why others cannot."""

    names: list[str]
    left_out: dict[str, str] = field(default_factory=dict)


def columns_of(file: File, rows: int) -> Columns:
    """Of JSONL the keys of the first rows. Errors: those of reading the file; it has no column."""
    found = {"csv": _of_csv, "jsonl": _of_jsonl, "parquet": _of_parquet}[file.format](file, rows)
    if not found.names:
        raise EdgeError(
            f"{file.path} has no column that can be read",
            evidence="\n".join(f"{name!r}: {why}" for name, why in found.left_out.items()) or "no row names one",
            fix="write a column for each of user, item, time and label",
        )
    return found


def _of_csv(file: File, rows: int) -> Columns:
    with open_text(file, newline="") as text:
        _, first = first_line(text, file)
        try:
            header = next(reader_of(chain([first], text), file))
        except csv.Error as error:
            raise EdgeError(
                f"{file.path}: broken quoting in the header", evidence=str(error), fix="close every quote in the header"
            ) from error
    return _once(header)


def _once(header: list[str]) -> Columns:
    counts = Counter(header)
    left_out = {name: f"{count} columns have this name" for name, count in counts.items() if count > 1}
    left_out |= {name: "its name is not text" for name in counts if not name.isprintable()}
    left_out |= {name: "it has no name" for name in counts if not name.strip()}
    return Columns([name for name in header if name not in left_out], left_out)


def _of_jsonl(file: File, rows: int) -> Columns:
    names, nested = dict[str, None](), set[str]()
    with open_text(file, newline="\n") as text:
        for line in islice(filter(str.strip, text), rows):
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(row, dict):
                names.update(dict.fromkeys(row))
                nested |= {name for name, value in row.items() if is_nested(value)}
    if not names:
        bad = BadRows()
        for _ in read_batches(file, [], bad):
            pass
        bad.refuse()
    found = _once(list(names))
    left_out = found.left_out | dict.fromkeys(nested, "it holds objects, or lists of lists")
    return Columns([name for name in found.names if name not in left_out], left_out)


def _of_parquet(file: File, rows: int) -> Columns:
    for _ in read_batches(file, [], BadRows()):
        break
    with pq.ParquetFile(file.path) as table:
        schema: pa.Schema = table.schema_arrow
    found = _once(schema.names)
    nested = {
        name: f"it holds {schema.field(name).type}" for name in found.names if not is_plain(schema.field(name).type)
    }
    return Columns([name for name in found.names if name not in nested], found.left_out | nested)
