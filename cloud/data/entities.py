"""Users and items of a log: who they are and what is known about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloud.data.bad_rows import BadRows
from cloud.data.schema import Attribute, Entities
from cloud.data.tables import Batch, read_batches
from cloud.data.values import BadValueError, attribute_value, identifier
from edge.text.types import Value

Attributes = dict[str, Value]


@dataclass
class Directory:
    """Users or items: ids to indices in order of appearance in the log, and each one's attributes.

    Where attributes stand in the log, each row is checked, and those of an id's first row count.
    """

    entities: Entities
    column: str  # of the log, holding the id
    table: dict[str, Attributes] | None  # from a file of their own; None if attributes stand in the log
    indices: dict[str, int] = field(default_factory=dict)
    attributes: list[Attributes] = field(default_factory=list)
    _parsed: dict[Any, int | BadValueError] = field(default_factory=dict)  # raw values met before

    @classmethod
    def open(cls, entities: Entities, column: str, bad: BadRows) -> Directory:
        return cls(entities, column, read_entities(entities, bad))

    @property
    def log_columns(self) -> list[str]:
        """The columns of the log that hold attributes."""
        return attribute_columns(self.entities) if self.table is None else []

    def index(self, raw: Any, values: tuple[Any, ...]) -> int:
        """The index of an id. Errors: an id or attribute that cannot be used, an id missing in its file."""
        key = (raw, values)
        if key not in self._parsed:
            try:
                self._parsed[key] = self._new(raw, values)
            except BadValueError as error:
                self._parsed[key] = error
        known = self._parsed[key]
        if isinstance(known, BadValueError):
            raise known
        return known

    def _new(self, raw: Any, values: tuple[Any, ...]) -> int:
        name = identifier(raw, self.column)
        if self.table is None:
            found = read_attributes(self.entities.attributes, values)
        elif name in self.table:
            found = self.table[name]
        else:
            raise BadValueError("unknown id", f"{name!r} is not in {Path(self.entities.path).name}", self.column)
        if name not in self.indices:
            self.indices[name] = len(self.indices)
            self.attributes.append(found)
        return self.indices[name]

    def occurring(self, indices: NDArray[np.int32]) -> tuple[list[tuple[str, Attributes]], NDArray[np.int32]]:
        """(id, attributes) of those among `indices`, in the same order, and `indices` into that list."""
        left, renumbered = np.unique(indices, return_inverse=True)
        names = list(self.indices)
        return [(names[index], self.attributes[index]) for index in left], renumbered.astype(np.int32)


def attribute_columns(entities: Entities) -> list[str]:
    return [attribute.column for attribute in entities.attributes.values()]


def read_entities(entities: Entities, bad: BadRows) -> dict[str, Attributes] | None:
    """Attributes by id from a file of users or items; None if they stand in the log. An id may stand once."""
    if entities.file is None:
        return None
    table: dict[str, Attributes] = {}
    columns = attribute_columns(entities)
    for batch in read_batches(entities.file, [entities.id, *columns], bad):
        rows = zip(batch.lines, batch.columns[entities.id], raw_rows(batch, columns), strict=True)
        for line, raw, values in rows:
            try:
                name = identifier(raw, entities.id)
                if name in table:
                    raise BadValueError("duplicate id", name, entities.id)
                table[name] = read_attributes(entities.attributes, values)
            except BadValueError as error:
                bad.add(entities.path, line, error.column, error.kind, error.evidence)
    return table


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


def hashable(value: Any) -> Any:
    """`value`, JSON's lists and objects made usable as keys; true and 1 stay apart."""
    if isinstance(value, list):
        return tuple(map(hashable, value))
    return repr(value) if isinstance(value, dict | bool) else value
