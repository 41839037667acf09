"""CSV without anything special, by Arrow: lines that Python's csv would divide at every separator and nowhere else."""

from __future__ import annotations

import csv
import re
from functools import cache

import pyarrow as pa
import pyarrow.csv

from cloud.data.schema import File
from cloud.data.tables.batch import Column

MOST_BYTES = 2**30  # of lines that are read at once: Arrow counts them in 32 bits


def plain_columns(lines: list[str], places: list[int], width: int, file: File) -> list[Column] | None:
    """The columns at `places` of lines that have `width` of them, a row a line.

    None where Python's csv has to look: quotes within a field or around several lines, empty lines, rows of another
    width, fields beyond its limit, broken bytes, line ends of their own.
    """
    text = "".join(lines).replace("\r\n", "\n")
    if any(mark in text for mark in ("\r", "\0", "\n\n")) or text.startswith(("\n", "\ufeff")):
        return None
    if not (file.separator + file.quote).isascii() or not _is_well_quoted(text, file):
        return None
    if max(map(len, lines)) > csv.field_size_limit() or not (data := _encoded(text)):
        return None
    names = [str(place) for place in range(width)]
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(data),
            pyarrow.csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=names),
            pyarrow.csv.ParseOptions(delimiter=file.separator, quote_char=file.quote or False),
            pyarrow.csv.ConvertOptions(
                include_columns=[names[place] for place in places],
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    if len(table) != len(lines):
        return None
    coded = [column.combine_chunks().dictionary_encode() for column in table.columns]
    return [Column.of(column, column.dictionary.to_pylist()) for column in coded]


def _is_well_quoted(text: str, file: File) -> bool:
    """True if every quote is one around a whole field in a line, or one of two within such a field."""
    if not file.quote or file.quote not in text:
        return True
    return file.quote not in _quoted_field(file.separator, file.quote).sub("", text)


@cache
def _quoted_field(separator: str, quote: str) -> re.Pattern[str]:
    end, mark = f"[{re.escape(separator)}\\n]", re.escape(quote)
    return re.compile(rf"(?:(?<={end})|\A){mark}(?:[^{mark}\n]|{mark}{mark})*+{mark}(?={end}|\Z)")


def _encoded(text: str) -> bytes:
    """Nothing if that cannot be done, or is too much."""
    try:
        data = text.encode()
    except UnicodeEncodeError:
        return b""
    return data if len(data) < MOST_BYTES else b""
