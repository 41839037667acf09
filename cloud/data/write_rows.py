"""A split log into the files of a prepared run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from tqdm import tqdm

from cloud.data.fit_numbers import chunks_of_users
from cloud.data.number_columns import Known, NumberColumns
from cloud.data.rendered import Rendered
from cloud.data.rows import ITEMS, PHRASES, ROWS, USERS, Tokens, row_schema, write_texts, writing_rows
from edge.text.history import numbers_of
from edge.text.spec import TextSpec
from edge.text.wordpiece import WordPiece


def write_all_texts(folder: Path, known: Known, rendered: Rendered, wordpiece: WordPiece) -> dict[str, list[Tokens]]:
    """users.arrow, items.arrow and phrases.arrow. Returns the tokens of each kind."""
    log = known.log
    names = {USERS: log.user_ids, ITEMS: [item.id for item in log.items], PHRASES: rendered.phrases}
    texts = {USERS: rendered.profiles, ITEMS: rendered.items, PHRASES: rendered.phrases}
    tokens = {}
    for file, of_kind in texts.items():
        encoded = {text: tuple(wordpiece.encode(text)) for text in set(of_kind)}
        tokens[file] = [encoded[text] for text in of_kind]
        write_texts(folder / file, list(names[file]), of_kind, tokens[file])
    return tokens


def write_rows(folder: Path, known: Known, rendered: Rendered, spec: TextSpec) -> None:
    """rows.arrow, some users at a time."""
    targets, columns = known.targets, NumberColumns(spec.numbers, known)
    schema = row_schema(len(spec.numbers), len(known.log.other_labels))
    with (
        writing_rows(folder / ROWS, schema) as writer,
        tqdm(desc="write rows", total=len(targets), unit=" rows", unit_scale=True, leave=False, disable=None) as done,
    ):
        for first, last in chunks_of_users(known):
            numbers = numbers_of(spec.numbers, *columns.of_rows(first, last))
            at = slice(first, last)
            plain = [
                targets.user[at], targets.item[at], targets.time[at], targets.liked[at].astype(np.int8),
                targets.value[at].astype(np.float32), targets.part[at], targets.past[at],
                known.earlier[at].astype(np.int32), rendered.phrase[at], rendered.context[at],
            ]  # fmt: skip
            arrays = [pa.array(column) for column in plain]
            arrays += [_lists(values) for values in (targets.others[at], numbers) if values.shape[1]]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            done.update(last - first)


def _lists(values: NDArray[Any]) -> pa.Array:
    """(row, n) as one list of n a row."""
    return pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), values.shape[1])
