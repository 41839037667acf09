"""The first rows of a table as columns, and what one column's values decide about another's."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloud.data.bad_rows import BadRows
from cloud.data.entities import hashable
from cloud.data.missing import is_no_value
from cloud.data.schema import File
from cloud.data.tables.columns import Columns
from cloud.data.tables.read import read_batches
from cloud.data.values import BadValueError, shown, text

ROWS = 200_000  # that are looked at
LEAST_PAIRS = 20  # rows of an id met before, to say what an id decides
Codes = NDArray[np.int64]


def stands_for_none(string: str) -> bool:
    """True for a string that stands for a missing value, "unknown" included."""
    return is_no_value(string) or string.lower() == "unknown"


@dataclass(frozen=True)
class Column:
    """One column's raw values, (row,), each hashable."""

    name: str
    values: list[Hashable]

    @cached_property
    def _numbered(self) -> tuple[Codes, tuple[Hashable, ...]]:
        numbers: dict[Hashable, int] = {}
        codes = np.fromiter(
            (numbers.setdefault(value, len(numbers)) for value in self.values), np.int64, len(self.values)
        )
        return codes, tuple(numbers)

    @property
    def codes(self) -> Codes:
        """(row,) places in `distinct`."""
        return self._numbered[0]

    @property
    def distinct(self) -> tuple[Hashable, ...]:
        """In order of appearance."""
        return self._numbered[1]

    @cached_property
    def strings(self) -> tuple[str, ...]:
        """(distinct,) as text; what is absent, or broken, is empty."""
        return tuple(map(_string, self.distinct))

    @cached_property
    def absent(self) -> NDArray[np.bool_]:
        """(distinct,) empty, or a word such as NULL."""
        return np.array([not string or stands_for_none(string) for string in self.strings], dtype=bool)

    @cached_property
    def present(self) -> NDArray[np.bool_]:
        """(row,)"""
        return ~self.absent[self.codes] if len(self.values) else np.zeros(0, dtype=bool)

    @cached_property
    def kinds(self) -> list[Hashable]:
        """The distinct values that are there."""
        return [value for value, absent in zip(self.distinct, self.absent, strict=True) if not absent]

    @property
    def example(self) -> str:
        """A value in a message."""
        return repr(shown(_string(self.kinds[0]), 30)) if self.kinds else "nothing"


def _string(value: Any) -> str:
    if isinstance(value, float) and math.isnan(value):
        return ""
    if isinstance(value, tuple):
        return "|".join(map(_string, value))
    try:
        return text(value, "")
    except BadValueError:
        return ""


@dataclass(frozen=True)
class Sample:
    """The rows of a file that are looked at. `whole`: the file has no others. `left_out`: column -> why."""

    file: File
    columns: dict[str, Column]
    rows: int
    whole: bool
    left_out: dict[str, str]

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]


def read_sample(file: File, found: Columns, rows: int = ROWS) -> tuple[Sample, BadRows]:
    """The first rows, and which of them could not be read."""
    bad = BadRows()
    values: dict[str, list[Hashable]] = {name: [] for name in found.names}
    count, whole = 0, True
    for batch in read_batches(file, found.names, bad, found.names):
        if count >= rows:
            whole = False
            break
        for name, column in batch.columns.items():
            values[name].extend(map(hashable, islice(column, rows - count)))
        whole = whole and count + len(batch.lines) <= rows
        count = min(rows, count + len(batch.lines))
    columns = {name: Column(name, column) for name, column in values.items()}
    return Sample(file, columns, count, whole, found.left_out), bad


def decided(key: Column, column: Column) -> float | None:
    """How far a key decides a column: 1 if a key's rows all hold its first row's value, 0 as often as by chance.

    None if that is unknown: few keys have several rows, or the column hardly varies.
    """
    there = key.present & column.present
    keys, values = key.codes[there], column.codes[there]
    order = np.argsort(keys, kind="stable")
    keys, values = keys[order], values[order]
    starts = np.ones(len(keys), dtype=bool)
    starts[1:] = keys[1:] != keys[:-1]
    firsts = values[np.flatnonzero(starts)][np.cumsum(starts) - 1]
    again = ~starts
    shares = np.bincount(values) / max(1, len(values))
    chance = 1.0 - float((shares**2).sum())
    if again.sum() < LEAST_PAIRS or chance * again.sum() < 5:
        return None
    return 1.0 - float((values != firsts)[again].mean()) / chance


def same(one: Column, other: Column) -> bool:
    """True if each value of one goes with one value of the other, both ways."""
    pairs = len(np.unique(one.codes * max(1, len(other.distinct)) + other.codes))
    return pairs == len(one.distinct) == len(other.distinct)
