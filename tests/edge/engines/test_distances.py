"""Buckets of distance: near ones apart, far ones together, and the same on every platform."""

from __future__ import annotations

from fractions import Fraction

import pytest

from edge.engines.distances import bucket, bucket_table


def test_near_distances_have_buckets_of_their_own_and_far_ones_share() -> None:
    found = bucket_table(2_000, 32).tolist()
    assert found[:17] == list(range(17)) and max(found) == 31 and found == sorted(found)
    assert set(found) == set(range(32))


@pytest.mark.parametrize("buckets", [2, 3, 7, 31, 32, 128])
def test_a_doubling_takes_three_buckets_exactly(buckets: int) -> None:
    near = buckets // 2
    for doubling in range(1, 9):
        exact = min(near + 3 * doubling, buckets - 1)
        assert bucket(near * 2**doubling, buckets) == exact
        assert bucket(near * 2**doubling - 1, buckets) <= exact


def test_a_bucket_is_the_largest_step_whose_cube_is_reached() -> None:
    for distance in range(16, 600):
        step = bucket(distance, 64) - 32 if distance >= 32 else None
        if step is not None and step < 31:
            ratio = Fraction(distance, 32) ** 3
            assert 2**step <= ratio < 2 ** (step + 1)


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        bucket_table(10, 8)[0] = 1
