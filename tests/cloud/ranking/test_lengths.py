"""Which windows of a batch are padded together."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from cloud.ranking.lengths import ROUND, TOGETHER, of_like_length, rounded


def test_every_window_is_in_one_table_and_those_of_like_length_are_together() -> None:
    events = np.random.default_rng(0).permutation([*range(16, 48), *range(128, 160)])
    tables = of_like_length(np.stack([events, np.full(64, 64)], 1))
    assert sorted(window for table in tables for window in table) == list(range(64))
    assert 2 <= len(tables) <= 4
    lengths = [events[table] for table in tables]
    assert all(one.max() <= other.min() for one, other in pairwise(lengths))
    assert all(len(table) % TOGETHER == 0 for table in tables)


def test_windows_that_are_alike_or_few_are_one_table() -> None:
    assert len(of_like_length(np.full((64, 2), 100))) == 1
    assert of_like_length(np.array([[160, 64], [0, 1], [30, 20]])) == [[1, 2, 0]]
    assert of_like_length(np.array([[0, 1]])) == [[0]]


def test_a_further_table_pays_where_long_windows_are_many() -> None:
    short, long = [[10, 10]] * (2 * TOGETHER), [[160, 64]] * TOGETHER
    assert [len(table) for table in of_like_length(np.array(short + long))] == [2 * TOGETHER, TOGETHER]
    assert len(of_like_length(np.array([[10, 10]] * 2 * TOGETHER + [[30, 10]] * TOGETHER))) == 1


def test_sizes_are_multiples_and_never_nothing() -> None:
    assert [rounded(size) for size in (0, 1, ROUND, ROUND + 1)] == [ROUND, ROUND, ROUND, 2 * ROUND]
