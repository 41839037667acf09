"""What training rows say about the numbers of a specification: priors, means and spreads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from cloud.data.log import TRAIN
from cloud.data.moments import user_rows
from cloud.data.number_columns import Known, NumberColumns
from edge.text.history import raw_numbers
from edge.text.number import Number

SAMPLE = 1_000_000  # training rows that means and spreads are taken over
CHUNK = 65_536  # rows that are numbered together
DIGITS = 6  # significant ones of what is written


def fit_numbers(numbers: Sequence[Number], known: Known) -> tuple[Number, ...]:
    """The numbers with their prior, mean and spread. A number that never varies keeps a spread of 1."""
    if not numbers:
        return ()
    with_priors = tuple(_with_prior(number, known) for number in numbers)
    columns = NumberColumns(with_priors, known)
    train = known.targets.part == TRAIN
    every = max(1, -(-int(train.sum()) // SAMPLE))
    count, total, squares = (np.zeros(len(numbers)) for _ in range(3))
    shift: list[float] | None = None  # near the mean, so that squares stay small
    for number, (first, last) in enumerate(chunks_of_users(known)):
        if number % every:
            continue
        raw = raw_numbers(with_priors, *columns.of_rows(first, last)).T[train[first:last]].copy()
        if shift is None and len(raw):
            shift = [float(value) for value in np.nan_to_num(_mean_of_known(raw))]
        raw = raw - (shift or 0.0)
        has = ~np.isnan(raw)
        raw = np.where(has, raw, 0.0)
        count, total, squares = count + has.sum(0), total + raw.sum(0), squares + (raw * raw).sum(0)
    seen = np.maximum(count, 1)
    mean = total / seen
    spread = np.sqrt(np.maximum(squares / seen - mean * mean, 0.0))
    center = mean + np.asarray(shift or np.zeros(len(numbers)))
    return tuple(
        replace(number, mean=_rounded(center[place]), spread=_rounded(spread[place]) or 1.0)
        for place, number in enumerate(with_priors)
    )


def chunks_of_users(known: Known) -> Iterator[tuple[int, int]]:
    """(first, last) rows of whole users, about `CHUNK` at a time."""
    start = end = 0
    for _, end in user_rows(known.targets.user):
        if end - start >= CHUNK:
            yield start, end
            start = end
    if end > start:
        yield start, end


def _with_prior(number: Number, known: Known) -> Number:
    """The mean of what it is the mean of, over training rows; nothing stands in for a difference from an item's."""
    if number.history != "mean" or number.prior is not None or not number.smoothing:
        return number
    if number.minus:
        return replace(number, prior=0.0)
    columns = NumberColumns((number,), known)
    rows = (known.targets.part == TRAIN) & known.targets.past
    if number.where:
        rows &= np.nan_to_num(columns.as_events(number.where)) != 0
    values = columns.as_events(number.of)[rows]
    values = values[~np.isnan(values)]
    return replace(number, prior=_rounded(float(values.mean())) if len(values) else 0.0)


def _mean_of_known(raw: np.ndarray) -> np.ndarray:
    has = ~np.isnan(raw)
    mean: np.ndarray = np.where(has, raw, 0.0).sum(0) / np.maximum(has.sum(0), 1)
    return mean


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
