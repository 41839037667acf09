"""The numbers that the model gets, as columns: what a team without text or vectors would rank with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cloud.data.default_numbers import suggest_numbers
from cloud.data.fit_numbers import chunks_of_users, fit_numbers
from cloud.data.log import Log
from cloud.data.number_columns import NumberColumns, known_at
from cloud.data.prepare import PrepareConfig
from cloud.data.schema import Source
from edge.text.history import numbers_of
from edge.text.number import Number

Floats = NDArray[np.float64]


def wanted_numbers(log: Log, config: PrepareConfig, source: Source) -> Sequence[Number]:
    """Those that the model gets, or what suits the log where its edge.toml declares none."""
    return config.text.numbers or suggest_numbers(log, source.items, source.users)


def numbers(log: Log, wanted: Sequence[Number]) -> dict[str, Floats]:
    """Name -> (row,), standardised, as of each row's moment; NaN where a number is missing."""
    known = known_at(log)
    fitted = fit_numbers(wanted, known)
    columns = NumberColumns(fitted, known)
    every = np.concatenate(
        [numbers_of(fitted, *columns.of_rows(first, last)) for first, last in chunks_of_users(known)]
    )
    return {number.name: every[:, place].astype(np.float64) for place, number in enumerate(fitted)}
