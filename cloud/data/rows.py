"""A prepared log on disk: each text once, each user's timeline once, and rows that point into both.

Rows are ordered by user, then time. A user's timeline is the user's rows with `event`; a row looks back on the first
`earlier` of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cloud.data.log import PARTS
from cloud.runs.directory import Run
from edge.errors import EdgeError
from edge.files import appearing

Tokens = tuple[int, ...]

ROWS, USERS, ITEMS, PHRASES = "rows.arrow", "users.arrow", "items.arrow", "phrases.arrow"
TEXTS = pa.schema([("name", pa.string()), ("text", pa.string()), ("tokens", pa.list_(pa.int32()))])


def row_schema(numbers: int, other_labels: int) -> pa.Schema:
    """`item`, `phrase` and `context` are places in items.arrow and phrases.arrow; a missing number is NaN.

    `value` is the rating, or the label where there is none. `phrase` describes the row as an event of later rows, so it
    reveals the row's own label.
    """
    lists = (("other_labels", pa.int8(), other_labels), ("numbers", pa.float32(), numbers))
    return pa.schema(
        [
            ("user", pa.int32()),
            ("item", pa.int32()),
            ("time", pa.float64()),
            ("label", pa.int8()),
            ("value", pa.float32()),
            ("part", pa.int8()),
            ("event", pa.bool_()),
            ("earlier", pa.int32()),
            ("phrase", pa.int32()),
            ("context", pa.int32()),
            *((name, pa.list_(kind, width)) for name, kind, width in lists if width),
        ]
    )


@contextmanager
def writing_rows(path: Path, schema: pa.Schema) -> Iterator[pa.ipc.RecordBatchFileWriter]:
    """A file of rows that appears when it is complete."""
    with (
        appearing(path) as temporary,
        pa.OSFile(str(temporary), "wb") as sink,
        pa.ipc.new_file(sink, schema) as writer,
    ):
        yield writer


def write_texts(path: Path, names: Sequence[str], texts: Sequence[str], tokens: Iterable[Sequence[int]]) -> None:
    """Users, items or phrases, one a row, with their texts as rendered and as tokens."""
    lists = pa.array([list(one) for one in tokens], pa.list_(pa.int32()))
    columns = [pa.array(names, pa.string()), pa.array(texts, pa.string()), lists]
    with (
        appearing(path) as temporary,
        pa.OSFile(str(temporary), "wb") as sink,
        pa.ipc.new_file(sink, TEXTS) as writer,
    ):
        writer.write_batch(pa.record_batch(columns, schema=TEXTS))


@dataclass(frozen=True)
class Texts:
    """`texts[i]` is the text of `names[i]` as rendered, `tokens[i]` its tokens."""

    names: tuple[str, ...]
    texts: tuple[str, ...]
    tokens: tuple[Tokens, ...]


@dataclass(frozen=True)
class Prepared:
    """The rows of a prepared run, read as they are asked for."""

    run: Run

    @cached_property
    def users(self) -> Texts:
        """The text of each user's profile, by user."""
        return self._texts(USERS)

    @cached_property
    def items(self) -> Texts:
        """The text of each item, by item."""
        return self._texts(ITEMS)

    @cached_property
    def phrases(self) -> Texts:
        """The distinct phrases of events and contexts."""
        return self._texts(PHRASES)

    @cached_property
    def numbers(self) -> NDArray[np.float32]:
        """(row, number) standardised; NaN where one is missing."""
        return self._lists("numbers", np.float32)

    @cached_property
    def other_labels(self) -> NDArray[np.int8]:
        """(row, label) 1 and 0."""
        return self._lists("other_labels", np.int8)

    def column(self, name: str) -> NDArray[Any]:
        """(row,) of any other column."""
        values: NDArray[Any] = self._table.column(name).to_numpy()
        return values

    def part(self, name: str) -> NDArray[np.intp]:
        """The places of the rows of "train", "validation" or "test"."""
        if name not in PARTS:
            raise EdgeError(f"no split {name!r}", fix=f"use one of: {', '.join(PARTS)}")
        return np.flatnonzero(self.column("part") == PARTS.index(name))

    @cached_property
    def _table(self) -> pa.Table:
        with pa.memory_map(str(self.run.file(ROWS))) as source:
            return pa.ipc.open_file(source).read_all()

    def _lists(self, name: str, kind: type) -> NDArray[Any]:
        if name not in self._table.column_names:
            return np.empty((len(self._table), 0), dtype=kind)
        column = self._table.column(name)
        flat = [chunk.flatten().to_numpy(zero_copy_only=False) for chunk in column.chunks]
        values: NDArray[Any] = np.concatenate(flat).reshape(len(self._table), column.type.list_size)
        return values

    def _texts(self, name: str) -> Texts:
        with pa.memory_map(str(self.run.file(name))) as source:
            columns = pa.ipc.open_file(source).read_all().to_pydict()
        return Texts(tuple(columns["name"]), tuple(columns["text"]), tuple(map(tuple, columns["tokens"])))
