"""From the files of a source to a `Log`: every row checked, nothing repaired in silence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from cloud.data.bad_rows import BadRows
from cloud.data.clock import clock_warnings, require_unit
from cloud.data.entities import Directory, hashable, raw_rows
from cloud.data.log import Events, Log
from cloud.data.order import first_of_each, in_order
from cloud.data.schema import LogTable, Source
from cloud.data.split import parts
from cloud.data.tables.batch import Batch
from cloud.data.tables.read import existing, read_batches
from cloud.data.times import time_reader
from cloud.data.values import BadValueError, label, rating
from cloud.runs.directory import sha256_json
from edge.errors import EdgeError
from edge.files import sha256_file
from edge.text.types import Item, User

Columns = tuple[NDArray[Any], ...]  # line, user, item, time, liked
Refuse = Callable[[int, BadValueError], None]


def fingerprint(source: Source) -> dict[str, str]:
    """SHA-256 of the files of log, items and users, and of them all together as "all"."""
    files = {"log": source.log.file, "items": source.items.file, "users": source.users.file}
    hashes = {section: sha256_file(existing(file)) for section, file in files.items() if file}
    return hashes | {"all": sha256_json(hashes)}


def read_log(source: Source, bad: BadRows) -> Log:
    """The whole log. Bad rows are left out and collected in `bad`. Errors: no usable row at all."""
    reader = _Reader(
        source.log,
        Directory.open(source.users, source.log.user, bad),
        Directory.open(source.items, source.log.item, bad),
        bad,
    )
    line, user, item, time, liked = reader.columns()
    reader.users.conclude(source.log.path, "user", bad)
    reader.items.conclude(source.log.path, "item", bad)
    if not len(line):
        bad.refuse()
        raise EdgeError(f"{source.log.path} holds no events")
    require_unit(source.log, time)
    keep = first_of_each(source.log, line, user, item, time, bad)
    if source.log.order == "sorted":
        keep &= in_order(source.log, line, user, time, bad)
    order = np.flatnonzero(keep)
    order = order[np.lexsort((time[order], user[order]))]
    bad.warnings += clock_warnings(source.log, line[order], user[order], time[order])
    users, user = reader.users.occurring(user[order])
    items, item = reader.items.occurring(item[order])
    return Log(
        tuple(name for name, _ in users),
        tuple(User(attributes) for _, attributes in users),
        tuple(Item(name, attributes) for name, attributes in items),
        Events(user, item, time[order], liked[order], parts(user, source.split)),
        reader.ratings,
    )


@dataclass
class _Reader:
    """Turns the log's batches into columns of numbers, row by row where something is wrong."""

    log: LogTable
    users: Directory
    items: Directory
    bad: BadRows
    ratings: tuple[float, float] | None = None  # the smallest and the largest so far

    def columns(self) -> Columns:
        label = self.log.rating or self.log.label
        wanted = [self.log.user, self.log.item, self.log.time, label]
        wanted += [*self.users.log_columns, *self.items.log_columns]
        batches = [self._none()]
        with tqdm(desc="read", unit=" rows", unit_scale=True, leave=False, disable=None) as progress:
            for batch in read_batches(self.log.file, wanted, self.bad):
                batches.append(self._batch(batch))
                progress.update(len(batch.lines))
        return tuple(np.concatenate(column) for column in zip(*batches, strict=True))

    def _none(self) -> Columns:
        kinds = (np.int64, np.int32, np.int32, np.float64, np.bool_)
        return tuple(np.empty(0, dtype=kind) for kind in kinds)

    def _batch(self, batch: Batch) -> Columns:
        """The rows of a batch that can be used; of a bad row the first bad column is reported."""
        good = np.ones(len(batch.lines), dtype=bool)

        def refuse(row: int, error: BadValueError) -> None:
            if good[row]:
                good[row] = False
                self.bad.add(self.log.path, batch.lines[row], error.column, error.kind, error.evidence, error.fix)

        line = np.asarray(batch.lines, dtype=np.int64)
        user = _indices(batch, self.users, refuse)
        item = _indices(batch, self.items, refuse)
        time = _numbers(batch, self.log.time, time_reader(self.log.time_unit), refuse)
        every = (line, user, item, time, self._liked(batch, good, refuse))
        return tuple(column[good] for column in every)

    def _liked(self, batch: Batch, good: NDArray[np.bool_], refuse: Refuse) -> NDArray[np.bool_]:
        if self.log.rating:
            ratings = _numbers(batch, self.log.rating, rating, refuse)
            if good.any():
                known = np.append(ratings[good], self.ratings or ())
                self.ratings = float(known.min()), float(known.max())
            return ratings >= self.log.threshold
        return _numbers(batch, self.log.label, label, refuse) > 0


def _indices(batch: Batch, directory: Directory, refuse: Refuse) -> NDArray[np.int32]:
    indices = np.zeros(len(batch.lines), dtype=np.int32)
    ids = map(hashable, batch.columns[directory.column])
    rows = zip(ids, raw_rows(batch, directory.log_columns), batch.lines, strict=True)
    for row, (raw, values, line) in enumerate(rows):
        try:
            indices[row] = directory.index(raw, values, line)
        except BadValueError as error:
            refuse(row, error)
    return indices


def _numbers(batch: Batch, column: str, read: Callable[[Any, str], float], refuse: Refuse) -> NDArray[np.float64]:
    """`read` of each value of a column; the ones it refuses are 0 and passed to `refuse`."""
    values = batch.columns[column]
    numbers = np.zeros(len(values))
    known: dict[Any, float] = {}  # most values of a rating or label column repeat
    for row, value in enumerate(map(hashable, values)):
        found = known.get(value)
        if found is None:
            try:
                found = known[value] = read(value, column)
            except BadValueError as error:
                refuse(row, error)
                continue
        numbers[row] = found
    return numbers
