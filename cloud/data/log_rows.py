"""From the batches of a log's file to columns of numbers, every row checked: each distinct value is read once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from cloud.data.bad_rows import BadRows
from cloud.data.entities import Directory, combined, encoded
from cloud.data.schema import LogTable
from cloud.data.tables.batch import Batch
from cloud.data.tables.read import read_batches
from cloud.data.times import time_reader
from cloud.data.values import BadValueError, identifier, label, rating

Refuse = Callable[[int, BadValueError], None]
Floats = NDArray[np.float64]
MOST_LINES = np.iinfo(np.int32).max  # that fit into the narrower type


@dataclass
class LogRows:
    """Columns (row,) of the rows that can be used. They change one after the other, so that no log is there twice."""

    line: NDArray[np.integer]
    user: NDArray[np.int32]  # in the directory of users
    item: NDArray[np.int32]
    time: Floats
    value: Floats  # the rating, or the label as 1 and 0
    request: NDArray[np.int32]  # empty where the log names none
    others: NDArray[np.int8]  # (row, other label)

    @classmethod
    def none(cls, other_labels: int) -> LogRows:
        """No rows, with columns of the right types."""
        line, user, item, request = (np.empty(0, dtype=np.int32) for _ in range(4))
        others = np.empty((0, other_labels), dtype=np.int8)
        return cls(line, user, item, np.empty(0), np.empty(0), request, others)

    def __len__(self) -> int:
        return len(self.line)

    def append(self, other: LogRows) -> None:
        """In place, where the columns can grow: no other reference to one may exist."""
        for name, more in other._columns():
            column = getattr(self, name)
            if column.dtype != more.dtype:
                column = column.astype(more.dtype)
                setattr(self, name, column)
            rows = len(column)
            column.resize((rows + len(more), *column.shape[1:]), refcheck=False)
            column[rows:] = more

    def select(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> None:
        """The rows at a mask, or at places in that order."""
        if which.dtype == bool and which.all():
            return
        for name, column in self._columns():
            if len(column):
                setattr(self, name, column[which])
            del column

    def _columns(self) -> Iterator[tuple[str, NDArray[Any]]]:
        return ((each.name, getattr(self, each.name)) for each in fields(self))


@dataclass
class RowReader:
    """Turns the log's batches into columns; of a bad row the first bad column is reported."""

    log: LogTable
    users: Directory
    items: Directory
    bad: BadRows
    requests: dict[str, int] = field(default_factory=dict)  # met so far
    stamped: bool = False  # times are timestamps or dates, not numbers or texts

    def read(self, rows: int) -> LogRows:
        """All rows, or, of `rows` above 0, those of the first batches that hold so many."""
        needed = [self.log.user, self.log.item, self.log.time, *self._labels, *self.log.other_labels, *self._request]
        wanted = [*needed, *self.users.log_columns, *self.items.log_columns]
        required = {*needed, *self.users.required_columns, *self.items.required_columns}
        optional = set(wanted) - required
        found = LogRows.none(len(self.log.other_labels))
        with tqdm(desc="read", unit=" rows", unit_scale=True, leave=False, disable=None) as progress:
            for batch in read_batches(self.log.file, wanted, self.bad, optional):
                found.append(self._batch(batch))
                progress.update(len(batch.lines))
                if 0 < rows <= self.bad.seen[self.log.path]:
                    break
        return found

    @property
    def _labels(self) -> list[str]:
        return [name for name in (self.log.rating, self.log.label) if name]

    @property
    def _request(self) -> list[str]:
        return [self.log.request] if self.log.request else []

    def _batch(self, batch: Batch) -> LogRows:
        good = np.ones(len(batch.lines), dtype=bool)

        def refuse(row: int, error: BadValueError) -> None:
            if good[row]:
                good[row] = False
                self.bad.add(self.log.path, batch.lines[row], error.column, error.kind, error.evidence, error.fix)

        last = batch.lines[-1] if len(batch.lines) else 0
        line: NDArray[Any] = np.array(batch.lines, dtype=np.int32 if last <= MOST_LINES else np.int64)
        user = _indices(batch, self.users, refuse)
        item = _indices(batch, self.items, refuse)
        self.stamped |= any(isinstance(moment, date) for moment in batch.columns[self.log.time][:1000])
        time = _read(batch, self.log.time, time_reader(self.log.time_unit), np.float64, refuse)
        others = [_read(batch, name, label, np.int8, refuse) for name in self.log.other_labels]
        stacked = np.stack(others, axis=1) if others else np.empty((len(line), 0), dtype=np.int8)
        found = LogRows(line, user, item, time, self._values(batch, refuse), self._requests(batch, refuse), stacked)
        found.select(good)
        return found

    def _values(self, batch: Batch, refuse: Refuse) -> Floats:
        """The ratings, or the labels as 1 and 0; 1 for all in a log of choices alone."""
        if self.log.rating:
            return _read(batch, self.log.rating, rating, np.float64, refuse)
        if not self.log.label:
            return np.ones(len(batch.lines))
        return _read(batch, self.log.label, label, np.float64, refuse)

    def _requests(self, batch: Batch, refuse: Refuse) -> NDArray[np.int32]:
        """A number for each request that the log names."""

        def number(raw: Any, column: str) -> int:
            return self.requests.setdefault(identifier(raw, column), len(self.requests))

        if not self.log.request:
            return np.empty(0, dtype=np.int32)
        return _read(batch, self.log.request, number, np.int32, refuse)


def _indices(batch: Batch, directory: Directory, refuse: Refuse) -> NDArray[np.int32]:
    """Each distinct id, with the attributes beside it, is looked up once."""
    columns = [encoded(batch.columns[name]) for name in (directory.column, *directory.log_columns)]
    first, places = combined(columns)
    indices = np.zeros(len(first), dtype=np.int32)
    errors: dict[int, BadValueError] = {}
    raws = zip(
        *([column.distinct[place] for place in column.places[first].tolist()] for column in columns), strict=True
    )
    for place, (row, (raw, *values)) in enumerate(zip(first.tolist(), raws, strict=True)):
        try:
            indices[place] = directory.index(raw, tuple(values), batch.lines[row])
        except BadValueError as error:
            errors[place] = error
    _refuse(errors, places, refuse)
    return indices[places]


def _read(batch: Batch, column: str, read: Callable[[Any, str], Any], kind: type, refuse: Refuse) -> NDArray[Any]:
    """`read` of each distinct value of a column; rows of those that it refuses are 0 and passed to `refuse`."""
    values = encoded(batch.columns[column])
    results: NDArray[Any] = np.zeros(len(values.distinct), dtype=kind)
    errors: dict[int, BadValueError] = {}
    for place, value in enumerate(values.distinct):
        try:
            results[place] = read(value, column)
        except BadValueError as error:
            errors[place] = error
    _refuse(errors, values.places, refuse)
    return results[values.places]


def _refuse(errors: Mapping[int, BadValueError], places: NDArray[np.int32], refuse: Refuse) -> None:
    for row in np.flatnonzero(np.isin(places, list(errors))).tolist() if errors else ():
        refuse(row, errors[int(places[row])])
