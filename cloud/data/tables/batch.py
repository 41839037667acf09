"""Rows as the readers of tables hand them on: columns of raw values, each with the line it came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

ROWS = 65_536  # at most, per batch


@dataclass(frozen=True, eq=False)
class Column(Sequence[Any]):
    """Raw values by their distinct ones, in order of appearance: row i holds `distinct[places[i]]`."""

    distinct: list[Any]
    places: NDArray[np.int32]

    @classmethod
    def of(cls, coded: pa.DictionaryArray, values: list[Any]) -> Column:
        """`values` are what the dictionary, which has no unused entry, is in Python."""
        return cls(values, coded.indices.to_numpy(zero_copy_only=False))

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, row: Any) -> Any:
        if isinstance(row, slice):
            return [self.distinct[place] for place in self.places[row].tolist()]
        return self.distinct[self.places[row]]

    def __iter__(self) -> Iterator[Any]:
        return map(self.distinct.__getitem__, self.places.tolist())


@dataclass(frozen=True)
class Batch:
    """Rows: `columns[name][i]` stands at `lines[i]`. Absent is None, broken bytes are surrogates."""

    lines: Sequence[int]
    columns: Mapping[str, Sequence[Any]]
