"""From the files of a source to a `Log`: every row checked, nothing repaired in silence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from cloud.data.bad_rows import BadRows
from cloud.data.log import Events, Log
from cloud.data.schema import Attribute, Entities, File, Source, attribute_columns
from cloud.data.split import parts
from cloud.data.tables import Batch, read_batches
from cloud.data.values import BadValueError, attribute_value, boolean, identifier, number, time_reader
from edge.errors import EdgeError
from edge.runs import sha256_file, sha256_json
from edge.text.types import Item, User, Value

Attributes = dict[str, Value]


def fingerprint(source: Source) -> dict[str, str]:
    """SHA-256 of each input file by name, and of them all together."""
    files = [source.log.file, source.items.file, source.users.file]
    hashes = {Path(file.path).name: sha256_file(_existing(file)) for file in files if file}
    return hashes | {"all": sha256_json(hashes)}


def _existing(file: File) -> Path:
    if not Path(file.path).is_file():
        raise EdgeError(f"no file {file.path}", fix="correct its path in edge.toml (relative to edge.toml)")
    return Path(file.path)


@dataclass
class _Directory:
    """Users or items: ids to indices in order of appearance, and each one's attributes."""

    entities: Entities
    column: str  # of the log, holding the id
    table: dict[str, Attributes] | None  # from the file of their own; None if attributes stand in the log
    indices: dict[str, int] = field(default_factory=dict)
    attributes: list[Attributes] = field(default_factory=list)
    parsed: dict[Any, int | BadValueError] = field(default_factory=dict)  # raw values seen before

    def index(self, raw: Any, values: tuple[Any, ...]) -> int:
        """The entity's index. Errors: an id or attribute that cannot be used, an id missing in its file."""
        key = (raw, values)
        if key not in self.parsed:
            try:
                self.parsed[key] = self._new(raw, values)
            except BadValueError as error:
                self.parsed[key] = error
        known = self.parsed[key]
        if isinstance(known, BadValueError):
            raise known
        return known

    def _new(self, raw: Any, values: tuple[Any, ...]) -> int:
        name = identifier(raw)
        if self.table is None:
            found = read_attributes(self.entities.attributes, values)
        elif name in self.table:
            found = self.table[name]
        else:
            raise BadValueError("unknown id", f"{name!r} is not in {Path(self.entities.path).name}")
        if name not in self.indices:
            self.indices[name] = len(self.indices)
            self.attributes.append(found)
        return self.indices[name]


class _AttributeError(BadValueError):
    """A bad value together with the column it stands in."""

    def __init__(self, column: str, error: BadValueError) -> None:
        super().__init__(error.kind, error.evidence)
        self.column = column


def read_attributes(wanted: Mapping[str, Attribute], values: Sequence[Any]) -> Attributes:
    """Attributes by name from raw values in the order of `wanted`; absent ones are left out."""
    found: Attributes = {}
    for (name, attribute), raw in zip(wanted.items(), values, strict=True):
        try:
            value = attribute_value(raw, name, attribute)
        except BadValueError as error:
            raise _AttributeError(attribute.column, error) from error
        if value is not None:
            found[name] = value
    return found


def read_entities(entities: Entities, bad: BadRows) -> dict[str, Attributes] | None:
    """Attributes by id from the table of users or items; None if they stand in the log. First row of an id counts."""
    if entities.file is None:
        return None
    table: dict[str, Attributes] = {}
    columns = attribute_columns(entities.attributes)
    for batch in read_batches(entities.file, [entities.id, *columns], bad):
        rows = zip(batch.lines, batch.columns[entities.id], _rows(batch, columns), strict=True)
        for line, raw, values in rows:
            try:
                name = identifier(raw)
                if name in table:
                    raise BadValueError("duplicate id", name)
                table[name] = read_attributes(entities.attributes, values)
            except BadValueError as error:
                bad.add(
                    entities.path, line, getattr(error, "column", entities.id), error.kind, error.evidence
                )
    return table


def _rows(batch: Batch, columns: Sequence[str]) -> Sequence[tuple[Any, ...]]:
    """One hashable tuple of raw values a row."""
    if not columns:
        return [()] * len(batch.lines)
    values = [map(_hashable, batch.columns[name]) for name in columns]
    return list(zip(*values, strict=True))


def _hashable(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_hashable, value))
    return repr(value) if isinstance(value, dict) else value


def read_log(source: Source, bad: BadRows) -> Log:
    """The whole log. Bad rows are left out and collected in `bad`. Errors: no usable row at all."""
    items = _Directory(source.items, source.log.item, read_entities(source.items, bad))
    users = _Directory(source.users, source.log.user, read_entities(source.users, bad))
    inline = [column for each in (items, users) if each.table is None for column in _columns(each)]
    label = source.log.rating or source.log.label
    columns = [source.log.user, source.log.item, source.log.time, label, *inline]
    batches = []
    with tqdm(desc="read", unit=" rows", unit_scale=True, leave=False, disable=None) as progress:
        for batch in read_batches(source.log.file, columns, bad):
            batches.append(_read_batch(batch, source, users, items, bad))
            progress.update(len(batch.lines))
    line, user, item, time, liked = (
        (np.concatenate(column) for column in zip(*batches, strict=True)) if batches else [np.empty(0)] * 5
    )
    if not len(line):
        if bad.total:
            bad.refuse()
        raise EdgeError(f"{source.log.path} holds no events")
    keep = _in_order(source, line, user, time, bad) & _first_of_each(source, line, user, item, time, bad)
    order = np.flatnonzero(keep)
    order = order[np.lexsort((time[order], user[order]))]
    user, time = user[order], time[order]
    events = Events(user, item[order], time, liked[order], parts(user, source.split))
    profiles = tuple(User(attributes) for attributes in users.attributes)
    goods = tuple(Item(name, items.attributes[index]) for name, index in items.indices.items())
    return Log(tuple(users.indices), profiles, goods, events)


def _columns(directory: _Directory) -> list[str]:
    return attribute_columns(directory.entities.attributes)


def _read_batch(
    batch: Batch, source: Source, users: _Directory, items: _Directory, bad: BadRows
) -> tuple[NDArray[Any], ...]:
    """(line, user, item, time, liked) of the rows of a batch that can be used."""
    good = np.ones(len(batch.lines), dtype=bool)

    def refuse(row: int, column: str, error: BadValueError) -> None:
        if good[row]:
            good[row] = False
            bad.add(source.log.path, batch.lines[row], column, error.kind, error.evidence)

    columns = batch.columns
    user = _indices(batch, users, refuse)
    item = _indices(batch, items, refuse)
    time = _numbers(columns[source.log.time], source.log.time, time_reader(source.log.time_unit), refuse)
    if source.log.rating:
        rating = _numbers(columns[source.log.rating], source.log.rating, number, refuse)
        liked = rating >= source.log.threshold
    else:
        liked = _numbers(columns[source.log.label], source.log.label, boolean, refuse) > 0
    every = (np.asarray(batch.lines, dtype=np.int64), user, item, time, liked)
    return tuple(column[good] for column in every)


Refuse = Callable[[int, str, BadValueError], None]


def _indices(batch: Batch, directory: _Directory, refuse: Refuse) -> NDArray[np.int32]:
    indices = np.zeros(len(batch.lines), dtype=np.int32)
    columns = _columns(directory) if directory.table is None else []
    ids = map(_hashable, batch.columns[directory.column])
    for row, (raw, values) in enumerate(zip(ids, _rows(batch, columns), strict=True)):
        try:
            indices[row] = directory.index(raw, values)
        except BadValueError as error:
            refuse(row, getattr(error, "column", directory.column), error)
    return indices


def _numbers(
    values: list[Any], column: str, read: Callable[[Any], float], refuse: Refuse
) -> NDArray[np.float64]:
    """`read` of each value; the ones it refuses are 0 and passed to `refuse`."""
    if read is number and all(type(value) is str for value in values):
        try:
            fast = np.array(values).astype(np.float64)
        except ValueError:
            fast = np.array([np.nan])
        if np.isfinite(fast).all():
            return fast
    numbers = np.zeros(len(values))
    for row, value in enumerate(values):
        try:
            numbers[row] = read(value)
        except BadValueError as error:
            refuse(row, column, error)
    return numbers


def _in_order(
    source: Source, line: NDArray[Any], user: NDArray[Any], time: NDArray[Any], bad: BadRows
) -> NDArray[np.bool_]:
    """False for an event earlier than one that its user has above it in the file, unless any order is allowed."""
    keep = np.ones(len(line), dtype=bool)
    if source.log.order == "any":
        return keep
    moments, rank = np.unique(time, return_inverse=True)
    by_user = np.argsort(user, kind="stable")
    key = user[by_user].astype(np.int64) * (len(moments) + 1) + rank[by_user]
    late = by_user[key < np.maximum.accumulate(key)]
    for row in np.sort(late):
        bad.add(
            source.log.path,
            int(line[row]),
            source.log.time,
            "unsorted",
            f"{time[row]:.15g} is before an event above it",
        )
    keep[late] = False
    return keep


def _first_of_each(
    source: Source,
    line: NDArray[Any],
    user: NDArray[Any],
    item: NDArray[Any],
    time: NDArray[Any],
    bad: BadRows,
) -> NDArray[np.bool_]:
    """False for an event of the same user, item and time as one above it in the file."""
    order = np.lexsort((line, time, item, user))
    same = np.ones(len(order) - 1, dtype=bool)
    for column in (user, item, time):
        same &= column[order][1:] == column[order][:-1]
    repeated = order[1:][same]
    for row in np.sort(repeated):
        bad.add(
            source.log.path,
            int(line[row]),
            source.log.item,
            "duplicate",
            "same user, item and time as a row above",
        )
    keep = np.ones(len(order), dtype=bool)
    keep[repeated] = False
    return keep
