"""A number computed in preparation equals the one that a phone computes from the request, to the bit."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from request_numbers import request_numbers

from cloud.data.default_numbers import default_numbers
from cloud.data.examples import request_of
from cloud.data.fit_numbers import chunks_of_users, fit_numbers
from cloud.data.log import Log
from cloud.data.moments import screens
from cloud.data.number_columns import Known, NumberColumns, known_at
from edge.text.history import numbers_of
from edge.text.number import Number
from edge.text.request import parse_request, request_to_json

EVERY_KIND = (
    *default_numbers(same=["genres"], item=["year"], user=["age"]),
    Number("by title", history="count", same="title", over="most"),
    Number("seconds by genre", history="seconds", same="genres", over="least", transform="log1p"),
    Number("liked, by genre", history="count", where="liked", same="genres", over="least"),
    Number("last liked", history="seconds", where="liked"),
    Number("year of the liked", history="mean", of="item.year", where="liked", last=10),
    Number("surplus by genre", history="mean", of="rating", minus="item.mean_rating", same="genres", last=30),
)


def prepared(log: Log) -> tuple[Known, tuple[Number, ...], np.ndarray]:
    known = known_at(log)
    numbers = fit_numbers(EVERY_KIND, known)
    columns = NumberColumns(numbers, known)
    every = [numbers_of(numbers, *columns.of_rows(first, last)) for first, last in chunks_of_users(known)]
    return known, numbers, np.concatenate(every)


def screens_of(log: Log, count: int) -> Iterator[list[int]]:
    """The rows of some whole screens, drawn at random."""
    first = screens(log.events.user, log.events.time)
    starts = np.unique(first)
    drawn = np.random.default_rng(0).choice(starts, min(count, len(starts)), replace=False)
    for start in drawn.tolist():
        yield np.flatnonzero(first == start).tolist()


def equal_bits(one: np.ndarray, other: np.ndarray) -> bool:
    return one.dtype == other.dtype == np.float32 and one.tobytes() == other.tobytes()


def check(log: Log, count: int) -> int:
    known, numbers, expected = prepared(log)
    checked = 0
    for rows in screens_of(log, count):
        request = parse_request(json.dumps(request_to_json(distinct(request_of(known, rows, 10_000)))))
        of_events, of_candidates = request_numbers(numbers, request)
        assert equal_bits(of_candidates, expected[rows])
        first = known.window(rows[0])[0]  # all rows are events here
        assert equal_bits(of_events, expected[first : first + len(request.events)])
        checked += 1
    return checked


def distinct(request):  # type: ignore[no-untyped-def]
    """A request may name an item once."""
    items = tuple(replace(item, id=f"{place}") for place, item in enumerate(request.candidates))
    return replace(request, candidates=items)


def test_numbers_of_a_request_equal_those_of_preparation_to_the_bit(few_real_users: Log) -> None:
    assert check(few_real_users, 300) == 300


@pytest.mark.slow
def test_numbers_of_10_000_random_requests_equal_those_of_preparation_to_the_bit(movielens_100k: Log) -> None:
    assert check(movielens_100k, 10_000) == 10_000


def test_numbers_leave_nothing_in_memory_for_the_garbage_collector(few_real_users: Log) -> None:
    known, numbers, _ = prepared(few_real_users)
    history, entries = NumberColumns(numbers, known).of_rows(*next(chunks_of_users(known)))
    gc.collect()
    gc.disable()
    try:
        numbers_of(numbers, history, entries)
        assert not gc.collect()
    finally:
        gc.enable()
