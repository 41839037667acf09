"""From the files of a source to a `Log`: every row checked, nothing repaired in silence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from cloud.data.bad_rows import BadRows
from cloud.data.clock import agree, clock_warnings, explain_duplicates, explain_early, require_moments
from cloud.data.entities import Directory, hashable, raw_rows
from cloud.data.log import EVENT, SHOWN, TEST, Events, Log
from cloud.data.long_requests import long_request_warnings
from cloud.data.moments import of_requests
from cloud.data.negatives import with_negatives
from cloud.data.order import first_of_each, in_order
from cloud.data.schema import LogTable, Source
from cloud.data.split import parts, unseen_items
from cloud.data.tables.batch import Batch
from cloud.data.tables.read import existing, read_batches
from cloud.data.times import time_reader
from cloud.data.values import BadValueError, identifier, label, rating
from cloud.runs.directory import sha256_json
from edge.errors import EdgeError
from edge.files import sha256_file
from edge.text.types import Item, User

Columns = tuple[NDArray[Any], ...]  # line, user, item, time, value, request, (row, other label)
Refuse = Callable[[int, BadValueError], None]


def fingerprint(source: Source) -> dict[str, str]:
    """SHA-256 of the files of log, items and users, and of them all together as "all"."""
    files = {"log": source.log.file, "items": source.items.file, "users": source.users.file}
    hashes = {section: sha256_file(existing(file)) for section, file in files.items() if file}
    return hashes | {"all": sha256_json(hashes)}


def read_log(source: Source, bad: BadRows, rows: int = 0) -> Log:
    """The whole log, or, of `rows` above 0, the first batches that hold so many. Bad rows are left out and collected.

    Errors: no usable row at all.
    """
    reader = _Reader(
        source.log,
        Directory.open("user", source.users, source.log.user, bad),
        Directory.open("item", source.items, source.log.item, bad),
        bad,
    )
    columns = reader.columns(rows)
    reader.users.conclude(source.log.path, bad)
    reader.items.conclude(source.log.path, bad)
    agreed = agree(source.log, columns[0], columns[3], reader.stamped, bad)
    line, user, item, time, value, request, others = (column[agreed] for column in columns)
    if not len(line):
        bad.refuse()
        raise EdgeError(f"{source.log.path} holds no events")
    require_moments(source.log, time, bad)
    keep = first_of_each(source.log, line, user, item, time, bad)
    explain_duplicates(source.log, user, time, bad)
    if source.log.order == "sorted":
        once = np.flatnonzero(keep)  # an event told twice is out of order where its first telling is, or not at all
        keep[once] = in_order(source.log, line[once], user[once], time[once], bad)
    explain_early(source.log, time, ~keep, bad)
    if source.log.request:
        told, time = time, of_requests(user, request, time)
        bad.warnings += long_request_warnings(source.log, line, user, told, time)
    order = np.flatnonzero(keep)
    order = order[np.lexsort((time[order], user[order]))]
    bad.warnings += clock_warnings(source.log, line[order], user[order], time[order])
    users, user = reader.users.occurring(user[order])
    items, item = reader.items.occurring(item[order])
    return Log(
        tuple(name for name, _ in users),
        tuple(User(attributes) for _, attributes in users),
        tuple(Item(name, attributes) for name, attributes in items),
        _events(source, user, item, time[order], value[order], others[order]),
        source.log.clock == "shared",
        (float(value.min()), float(value.max())) if source.log.rating else None,
        source.log.other_labels,
    )


def _events(
    source: Source,
    user: NDArray[np.int32],
    item: NDArray[np.int32],
    time: NDArray[np.float64],
    value: NDArray[Any],
    others: NDArray[np.int8],
) -> Events:
    """With their parts; what only the test may have of unseen items is left out of the others."""
    liked = value >= source.log.threshold if source.log.rating else value > 0
    role = np.where(_enters_history(source.log, liked, others), EVENT, SHOWN).astype(np.int8)
    part = parts(user, time, source.split)
    events = Events(user, item, time, liked, value.astype(np.float64), role, others, part)
    held_out = unseen_items(item, source.split)
    apart = held_out & (events.part != TEST)
    events = events.select(~apart) if apart.any() else events
    if not source.negatives.each or not len(events):
        return events
    unseen = np.zeros(int(item.max()) + 1, dtype=bool)
    unseen[item[held_out]] = True
    return with_negatives(events, source.negatives, unseen)


def _enters_history(log: LogTable, liked: NDArray[np.bool_], others: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Ratings of both signs do; of what was shown only what has a label of 1, unless all shall."""
    if log.events == "all" or (log.rating and not log.events):
        return np.ones(len(liked), dtype=bool)
    return liked | (others > 0).any(axis=1)


@dataclass
class _Reader:
    """Turns the log's batches into columns of numbers, row by row where something is wrong."""

    log: LogTable
    users: Directory
    items: Directory
    bad: BadRows
    requests: dict[str, int] = field(default_factory=dict)  # met so far
    stamped: bool = False  # times are timestamps or dates, not numbers or texts

    def columns(self, rows: int) -> Columns:
        needed = [self.log.user, self.log.item, self.log.time, *self._labels, *self.log.other_labels, *self._request]
        wanted = [*needed, *self.users.log_columns, *self.items.log_columns]
        required = {*needed, *self.users.required_columns, *self.items.required_columns}
        optional = set(wanted) - required
        batches = [self._none()]
        with tqdm(desc="read", unit=" rows", unit_scale=True, leave=False, disable=None) as progress:
            for batch in read_batches(self.log.file, wanted, self.bad, optional):
                batches.append(self._batch(batch))
                progress.update(len(batch.lines))
                if 0 < rows <= self.bad.seen[self.log.path]:
                    break
        return tuple(np.concatenate(column) for column in zip(*batches, strict=True))

    def _none(self) -> Columns:
        kinds = (np.int64, np.int32, np.int32, np.float64, np.float64, np.int64)
        others = np.empty((0, len(self.log.other_labels)), dtype=np.int8)
        return (*(np.empty(0, dtype=kind) for kind in kinds), others)

    @property
    def _labels(self) -> list[str]:
        return [name for name in (self.log.rating, self.log.label) if name]

    @property
    def _request(self) -> list[str]:
        return [self.log.request] if self.log.request else []

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
        self.stamped |= any(isinstance(moment, date) for moment in batch.columns[self.log.time][:1000])
        time = _numbers(batch, self.log.time, time_reader(self.log.time_unit), refuse)
        others = [_numbers(batch, name, label, refuse).astype(np.int8) for name in self.log.other_labels]
        stacked = np.stack(others, axis=1) if others else np.empty((len(line), 0), dtype=np.int8)
        every = (line, user, item, time, self._values(batch, refuse), self._requests(batch, refuse), stacked)
        return tuple(column[good] for column in every)

    def _values(self, batch: Batch, refuse: Refuse) -> NDArray[np.float64]:
        """The ratings, or the labels as 1 and 0; 1 for all where choices alone are told."""
        if self.log.rating:
            return _numbers(batch, self.log.rating, rating, refuse)
        if not self.log.label:
            return np.ones(len(batch.lines))
        return _numbers(batch, self.log.label, label, refuse)

    def _requests(self, batch: Batch, refuse: Refuse) -> NDArray[np.int64]:
        """A number for each request that the log names; 0 for all where it names none."""
        numbers = np.zeros(len(batch.lines), dtype=np.int64)
        for column in self._request:
            for row, raw in enumerate(map(hashable, batch.columns[column])):
                try:
                    name = identifier(raw, column)
                except BadValueError as error:
                    refuse(row, error)
                    continue
                numbers[row] = self.requests.setdefault(name, len(self.requests))
        return numbers


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
