"""How well one attribute of an item or a user tells the label: its mean label in training rows, on test rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloud.data.counts import Counts, counted_auc
from cloud.data.log import TEST, TRAIN, Log
from edge.text.types import Value
from edge.text.wording import is_missing

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

MOST_VALUES = 256  # of an attribute; numbers of more are cut into as many stretches of equally many
LEAST_EACH = 2.0  # items or users with a value, on average: a title of its own is the item itself
SMOOTHING = 5.0  # rows of the mean of all that a value's mean starts from


def attribute_figures(log: Log, users: Counts, items: Counts) -> list[dict[str, Any]]:
    """Of each attribute that is a number, true or false, or a text of few values: how many values, AUC on test rows."""
    records = (
        ("item", [item.attributes for item in log.items], items),
        ("user", [user.attributes for user in log.users], users),
    )
    found = []
    for record, attributes, counts in records:
        for name in _names(attributes):
            codes = _codes([values.get(name) for values in attributes])
            if codes is not None:
                of_values = _by_code(counts, codes)
                test = of_values.likes[TEST], of_values.others[TEST]
                auc = counted_auc(liked_share(of_values), *test)
                found.append({"name": f"{record}.{name}", "values": int(codes.max()), "auc": auc})
    return found


def liked_share(counts: Counts) -> Floats:
    """(key,) the mean label of its training rows, drawn to that of all."""
    rows, likes = counts.rows[TRAIN], counts.likes[TRAIN]
    mean = likes.sum() / max(1, rows.sum())
    shares: Floats = (likes + SMOOTHING * mean) / (rows + SMOOTHING)
    return shares


def _names(attributes: Sequence[Mapping[str, Value]]) -> Iterator[str]:
    return iter(dict.fromkeys(name for values in attributes for name in values))


def _codes(values: Sequence[Value]) -> Places | None:
    """(record,) from 1 the value's number, 0 where it is missing; None for lists and texts of many values."""
    ids: dict[Value, int] = {}
    codes = np.zeros(len(values), dtype=np.int64)
    for place, value in enumerate(values):
        if is_missing(value):
            continue
        if isinstance(value, tuple):
            return None
        codes[place] = ids.setdefault(value, len(ids) + 1)
        if len(ids) > MOST_VALUES:
            return None if isinstance(value, str) else _stretches(values)
    several = np.count_nonzero(codes) >= LEAST_EACH * len(ids)
    numeric = not any(isinstance(value, str) for value in ids)
    return codes if ids and (several or numeric) else None


def _stretches(values: Sequence[Value]) -> Places:
    """(record,) of a number in which of `MOST_VALUES` stretches it lies, from 1; 0 where it is missing."""
    numbers = np.array([value if isinstance(value, int | float) else np.nan for value in values], dtype=np.float64)
    has = ~np.isnan(numbers)
    inner = np.unique(np.quantile(numbers[has], np.linspace(0, 1, MOST_VALUES + 1)[1:-1]))
    return np.where(has, np.searchsorted(inner, numbers, side="right") + 1, 0)


def _by_code(counts: Counts, codes: Places) -> Counts:
    size = int(codes.max()) + 1

    def summed(table: NDArray[np.int64]) -> NDArray[np.int64]:
        rows = [np.bincount(codes, row, size) for row in table]
        return np.stack(rows).astype(np.int64)

    return Counts(summed(counts.rows), summed(counts.likes))
