"""CSV as batches of columns."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any, Literal, TextIO

from cloud.data.bad_rows import BadRows
from cloud.data.schema import File
from cloud.data.tables.batch import ROWS, Batch
from cloud.data.tables.header import require_csv_header
from cloud.data.tables.plain_csv import plain_columns
from cloud.data.tables.text_file import open_text
from edge.errors import EdgeError

TOO_LONG = "larger than field limit"  # in csv's error


def read_csv(file: File, wanted: list[str], bad: BadRows) -> Iterator[Batch]:
    """The wanted columns. Rows that cannot be parsed go to `bad`. Errors: a column is missing, or there twice."""
    with open_text(file, newline="") as text:
        above, first = first_line(text, file)
        reader = reader_of(chain([first], text), file)
        header = _header(reader, first, above + 1, wanted, file)
        places = [header.index(name) for name in wanted]
        above += reader.line_num
        while lines := list(islice(text, ROWS)):
            if plain := plain_columns(lines, places, len(header), file):
                bad.seen[file.path] += len(lines)
                yield Batch(range(above + 1, above + 1 + len(lines)), dict(zip(wanted, plain, strict=True)))
                above += len(lines)
                continue
            reader = reader_of(chain(lines, text), file)
            block = list(islice(_rows(reader, above, file, bad), ROWS))  # a row is a line at least: all of `lines`
            above += reader.line_num
            bad.seen[file.path] += len(block)
            whole = [row for row in block if _is_whole(row, header, file, bad)]
            values = [[row[1][place] for row in whole] for place in places]
            yield Batch([row[0] for row in whole], dict(zip(wanted, values, strict=True)))


def first_line(text: TextIO, file: File) -> tuple[int, str]:
    """(empty lines above it, the first line that is not empty)."""
    for above, line in enumerate(text):
        if line.strip():
            return above, line
    raise EdgeError(f"{file.path} is empty", fix="check its path: a table has a header and then one row per line")


def reader_of(lines: Iterable[str], file: File) -> Any:
    """A CSV reader with the file's separator and quoting, strict about quotes."""
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if file.quote else csv.QUOTE_NONE
    return csv.reader(lines, delimiter=file.separator, quotechar=file.quote or None, quoting=quoting, strict=True)


def _header(reader: Any, first: str, line: int, wanted: list[str], file: File) -> list[str]:
    try:
        header: list[str] = next(reader)
    except csv.Error as error:
        require_csv_header(wanted, first.strip().split(file.separator), first, line, file)
        problem = "a field of the header is too long" if TOO_LONG in str(error) else "broken quoting in the header"
        fix = 'correct the header, or, if the file has no quoting, quote = ""'
        raise EdgeError(f"{file.path}:{line}: {problem}", evidence=str(error), fix=fix) from error
    require_csv_header(wanted, header, first, line, file)
    return header


def _rows(reader: Any, above: int, file: File, bad: BadRows) -> Iterator[tuple[int, list[str]]]:
    """(line on which the row starts, its fields); empty lines are passed over."""
    while True:
        line = above + reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            bad.seen[file.path] += 1
            last = above + reader.line_num
            kind, evidence = "broken quoting", str(error)
            if TOO_LONG in evidence:
                evidence = f"a field of more than {csv.field_size_limit():,} characters"
                kind = "field too long" if last == line else "quote without end or field too long"
            bad.add(file.path, line, "", kind, f"{evidence} (up to line {last})")
            bad.span(file.path, line, last)
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
