"""Users and items of a log: their ids and their attributes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cloud.data.bad_rows import FEW, BadRows
from cloud.data.missing import missing_setting, read_as_words
from cloud.data.schema import Attribute, Entities
from cloud.data.tables.batch import Batch, Column
from cloud.data.tables.read import read_batches
from cloud.data.unknown_ids import compare_examples, explain_unknown, written_twice
from cloud.data.values import BadValueError, NoValueError, attribute_value, identifier, quoted, shown
from edge.errors import EdgeError
from edge.text.types import Value

Attributes = dict[str, Value]


@dataclass
class Directory:
    """Users or items: ids to indices in order of appearance in the log, and each one's attributes.

    Where attributes stand in the log, each row is checked, and those of an id's first row count. Rows of one id may
    differ: titles, prices and ages change over time. But many that differ show that a column does not hold the ids it
    should, so they are counted, and `conclude` warns of them.
    """

    kind: str  # "item" or "user"
    entities: Entities
    column: str  # of the log, holding the id
    table: dict[str, Attributes] | None  # from a file of their own; None if attributes stand in the log
    refused: dict[str, int] = field(default_factory=dict)  # ids whose row in that file is bad, and its line
    indices: dict[str, int] = field(default_factory=dict)
    attributes: list[Attributes] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)  # of each one's first row in the log
    unknown: dict[str, int] = field(default_factory=dict)  # ids missing in the file of their own, and their first lines
    nothing: dict[str, dict[str, None]] = field(default_factory=dict)  # by attribute: words for none, in the log
    changes: dict[str, dict[str, tuple[int, Value]]] = field(default_factory=dict)  # by attribute and id: first other
    _parsed: dict[Any, int | BadValueError] = field(default_factory=dict)  # raw values met before

    @classmethod
    def open(cls, kind: str, entities: Entities, column: str, bad: BadRows) -> Directory:
        """Read a file of items or users. Bad rows go to `bad`. Errors: the file has no rows."""
        refused: dict[str, int] = {}
        return cls(kind, entities, column, read_entities(kind, entities, bad, refused), refused)

    @property
    def log_columns(self) -> list[str]:
        """The columns of the log that hold attributes."""
        return attribute_columns(self.entities) if self.table is None else []

    @property
    def required_columns(self) -> list[str]:
        """The columns of attributes that every row must have."""
        return [attribute.column for attribute in self.entities.attributes.values() if attribute.required]

    def index(self, raw: Any, values: tuple[Any, ...], line: int) -> int:
        """The index of an id, met in a line of the log. Errors: a bad id or attribute, an id missing in its file."""
        key = (raw, values)
        if key not in self._parsed:
            try:
                self._parsed[key] = self._new(raw, values, line)
            except BadValueError as error:
                self._parsed[key] = error
                _learn(self.nothing, error)
        known = self._parsed[key]
        if isinstance(known, BadValueError):
            raise known
        return known

    def _new(self, raw: Any, values: tuple[Any, ...], line: int) -> int:
        name = identifier(raw, self.column)
        if self.table is None:
            found = read_attributes(self.entities.attributes, values)
        elif name in self.table:
            found = self.table[name]
        elif name in self.refused:
            evidence = f"{quoted(name)} stands in {Path(self.entities.path).name}:{self.refused[name]}, which is bad"
            raise BadValueError("id of a bad row", evidence, self.column)
        else:
            self.unknown.setdefault(name, line)
            raise BadValueError("unknown id", f"{quoted(name)} is not in {Path(self.entities.path).name}", self.column)
        if name not in self.indices:
            self.indices[name] = len(self.indices)
            self.attributes.append(found)
            self.lines.append(line)
        first = self.attributes[self.indices[name]]
        for attribute in self.entities.attributes if found != first else ():
            if found.get(attribute) != first.get(attribute):
                self.changes.setdefault(attribute, {}).setdefault(name, (line, found.get(attribute)))
        return self.indices[name]

    def conclude(self, log: str, bad: BadRows) -> None:
        """What the rows of the file `log` show together about these."""
        name = Path(log).name
        for attribute, changed in self.changes.items():
            bad.warnings.append(self._changed(attribute, changed, name))
        if twice := written_twice(dict(zip(self.indices, self.lines, strict=True)), self.kind, name):
            bad.warnings.append(twice)
        _explain_nothing(self.nothing, self.kind, self.entities, log, bad)
        found = self.attributes if self.table is None else self.table.values()
        file = name if self.table is None else Path(self.entities.path).name
        bad.warnings += read_as_words(self.entities.attributes, found, self.kind, file)
        if not self.unknown or self.table is None:
            return
        table = Path(self.entities.path).name
        fix = explain_unknown(self.unknown, self.table, name, table)
        if not fix and bad.count(log, "unknown id") > FEW * bad.seen[log]:
            fix = compare_examples(self.unknown, self.table, name, table)
        if fix:
            bad.explain(log, "unknown id", fix, self.column)

    def _changed(self, attribute: str, changed: Mapping[str, tuple[int, Value]], log: str) -> EdgeError:
        name, (line, value) = next(iter(changed.items()))
        index = self.indices[name]
        first = self.attributes[index].get(attribute)
        return EdgeError(
            f"{len(changed):,} of {len(self.indices):,} {self.kind}s have more than one {attribute!r} in {log}; "
            "that of the first row is used",
            evidence=f"{quoted(name)} has {shown(_words(first))} in {log}:{self.lines[index]} "
            f"and {shown(_words(value))} in {log}:{line}",
            fix=f"if {self.column!r} does not hold the ids of {self.kind}s, correct {self.kind} in [log]",
        )

    def occurring(self, indices: NDArray[np.int32]) -> tuple[list[tuple[str, Attributes]], NDArray[np.int32]]:
        """(id, attributes) of those among `indices`, in the same order, and `indices` into that list."""
        names = list(self.indices)
        there = np.zeros(len(names), dtype=bool)
        there[indices] = True
        left, numbers = np.flatnonzero(there).tolist(), (np.cumsum(there) - 1).astype(np.int32)
        return [(names[index], self.attributes[index]) for index in left], numbers[indices]


def _words(value: Value) -> str:
    return "nothing" if value is None else repr(list(value) if isinstance(value, tuple) else value)


def attribute_columns(entities: Entities) -> list[str]:
    """The columns that attributes are read from."""
    return [attribute.column for attribute in entities.attributes.values()]


def read_entities(kind: str, entities: Entities, bad: BadRows, refused: dict[str, int]) -> dict[str, Attributes] | None:
    """Attributes by id from a file of users or items; None if they stand in the log. An id may stand once.

    Ids whose row is bad go to `refused`, with its line. Errors: there is no row, or every one is bad.
    """
    if entities.file is None:
        return None
    table: dict[str, Attributes] = {}
    nothing: dict[str, dict[str, None]] = {}
    columns = attribute_columns(entities)
    optional = {attribute.column for attribute in entities.attributes.values() if not attribute.required}
    for batch in read_batches(entities.file, [entities.id, *columns], bad, optional - {entities.id}):
        rows = zip(batch.lines, batch.columns[entities.id], raw_rows(batch, columns), strict=True)
        for line, raw, values in rows:
            name = ""
            try:
                name = identifier(raw, entities.id)
                if name in table:
                    raise BadValueError("duplicate id", quoted(name), entities.id)
                table[name] = read_attributes(entities.attributes, values)
            except BadValueError as error:
                refused.setdefault(name, line)
                _learn(nothing, error)
                bad.add(entities.path, line, error.column, error.kind, error.evidence, error.fix)
    if not bad.seen[entities.path]:
        raise EdgeError(
            f"{entities.path} holds no rows", fix=f"give it a row for each {kind}, or leave its file out of edge.toml"
        )
    _explain_nothing(nothing, kind, entities, entities.path, bad)
    if not table:
        bad.refuse()  # of the log, no row could be read
    return table


def _learn(nothing: dict[str, dict[str, None]], error: BadValueError) -> None:
    if isinstance(error, NoValueError):
        nothing.setdefault(error.name, {})[error.word] = None


def _explain_nothing(
    nothing: Mapping[str, Iterable[str]], kind: str, entities: Entities, file: str, bad: BadRows
) -> None:
    """The words for none that a file has are to be named; where one is required, if they are many."""
    for name, words in nothing.items():
        attribute = entities.attributes[name]
        fault = f"empty {name}" if attribute.required else "no value"
        if not attribute.required or bad.count(file, fault) > FEW * bad.seen[file]:
            bad.explain(file, fault, missing_setting(name, attribute, words, kind), attribute.column)


def read_attributes(wanted: Mapping[str, Attribute], values: Sequence[Any]) -> Attributes:
    """Attributes by name from raw values in the order of `wanted`; absent ones are left out."""
    found = {
        name: attribute_value(raw, name, attribute)
        for (name, attribute), raw in zip(wanted.items(), values, strict=True)
    }
    return {name: value for name, value in found.items() if value is not None}


def raw_rows(batch: Batch, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    """One hashable tuple of raw values a row."""
    if not columns:
        return [()] * len(batch.lines)
    return list(zip(*(map(hashable, batch.columns[name]) for name in columns), strict=True))


def encoded(values: Sequence[Any]) -> Column:
    """A column by its distinct values, each hashable; equal ones may stand twice."""
    if isinstance(values, Column):
        return values
    known: dict[Any, int] = {}
    places = [known.setdefault(value, len(known)) for value in map(hashable, values)]
    return Column(list(known), np.array(places, dtype=np.int32))


def combined(columns: Sequence[Column]) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
    """(combination,) the first row of each combination of values, in order of appearance; (row,) which one it has."""
    places = columns[0].places
    for column in columns[1:]:
        both = places.astype(np.int64) * len(column.distinct) + column.places
        places = pa.array(both).dictionary_encode().indices.to_numpy()
    first = np.zeros(int(places.max(initial=-1)) + 1, dtype=np.intp)
    first[places[::-1]] = np.arange(len(places))[::-1]
    return first, places


def hashable(value: Any) -> Any:
    """`value`, a list made usable as a key; true is the word "true", which stays apart from 1."""
    if isinstance(value, list):
        return tuple(map(hashable, value))
    return str(value).lower() if isinstance(value, bool) else value
