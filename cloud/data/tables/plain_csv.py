"""CSV without anything special, by Arrow: lines that Python's csv would divide at every separator and nowhere else."""

from __future__ import annotations

import csv

import pyarrow as pa
import pyarrow.csv

from cloud.data.schema import File
from cloud.data.tables.batch import Column

MOST_BYTES = 2**30  # of lines that are read at once: Arrow counts them in 32 bits


def plain_columns(lines: list[str], places: list[int], width: int, file: File) -> list[Column] | None:
    """The columns at `places` of lines that have `width` of them, a row a line.

    None where Python's csv has to look: quotes, empty lines, rows of another width, fields beyond its limit, broken
    bytes, line ends of their own.
    """
    text = "".join(lines).replace("\r\n", "\n")
    odd = (file.quote, "\r", "\0", "\n\n")
    if any(mark in text for mark in odd if mark) or text.startswith(("\n", "\ufeff")) or not file.separator.isascii():
        return None
    if max(map(len, lines)) > csv.field_size_limit() or not (data := _encoded(text)):
        return None
    names = [str(place) for place in range(width)]
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(data),
            pyarrow.csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=names),
            pyarrow.csv.ParseOptions(
                delimiter=file.separator, quote_char=False, double_quote=False, ignore_empty_lines=False
            ),
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


def _encoded(text: str) -> bytes:
    """Nothing if that cannot be done, or is too much."""
    try:
        data = text.encode()
    except UnicodeEncodeError:
        return b""
    return data if len(data) < MOST_BYTES else b""
