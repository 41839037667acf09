"""Costs are measured once per padded size, and looked up between and beyond the sizes."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from edge.runtime.costs import CostModel, calibrate, user_sizes
from padding_engine import COSTS, ENGINE, PaddingEngine

from edge.errors import EdgeError


def test_a_size_is_looked_up_as_the_engine_pads_it() -> None:
    assert COSTS.user_step(ENGINE, 28) == pytest.approx(2.0)  # 30 tokens
    assert COSTS.user_step(ENGINE, 0) == COSTS.candidate_step(ENGINE, 30, 0) == COSTS.scoring(0) == 0
    assert COSTS.candidate_step(ENGINE, 8, 3) == pytest.approx(2.0)  # against 10 tokens, 4 candidates
    assert COSTS.candidate_step(ENGINE, 28, 7) == pytest.approx(6.0)  # 30 tokens lie half way: 4 and 8
    assert COSTS.candidate_step(ENGINE, 0, 4) == COSTS.candidate_step(ENGINE, 1, 4)
    assert COSTS.user_last(ENGINE, 28) == pytest.approx(0.5)
    assert COSTS.candidate_last(ENGINE, 28, 7) == pytest.approx(1.5)


def test_larger_than_measured_goes_on_along_the_last_slope() -> None:
    assert COSTS.user_step(ENGINE, 90) == pytest.approx(5.0)
    assert COSTS.candidate_step(ENGINE, 10, 32) == pytest.approx(16.0)
    falling = replace(COSTS, user_layer=((10.0, 2.0), (50.0, 1.0)))
    assert falling.user_step(ENGINE, 90) == pytest.approx(1.0)


def test_calibration_measures_each_padded_size() -> None:
    engine: Any = PaddingEngine()
    costs = calibrate(engine, longest_user=48, longest_candidate=9)
    assert [size for size, _ in costs.user_layer] == [10, 30, 50, 60]  # the last holds a candidate, too
    assert [size for size, _ in costs.user_keys] == [10, 30, 50]
    for grid in (costs.candidate_layer, costs.candidate_end):
        assert [size for size, _ in grid] == [10, 30, 50]
        assert {size for _, points in grid for size, _ in points} == {4, 16}
    assert {size for kind, size in engine.calls if kind == "layer"} == {10, 30, 50, 60}
    assert {size for kind, size in engine.calls if kind == "layer_keys"} == {10, 30, 50}
    assert all(0 <= cost < math.inf for _, cost in (*costs.user_layer, *costs.embed, *costs.head))


@pytest.mark.parametrize(
    "points", [(), ((10.0, -1.0),), ((10.0, math.nan),), ((5.0, 1.0), (5.0, 2.0)), ((9.0, 1.0), (5.0, 2.0))]
)
def test_costs_that_cannot_be_are_refused(points: Any) -> None:
    for name in ("embed", "user_layer", "user_keys", "head"):
        with pytest.raises(EdgeError, match="not times by ascending size"):
            replace(COSTS, **{name: points})
    for name in ("candidate_layer", "candidate_end"):
        for grid in (((10.0, points),), ()):
            with pytest.raises(EdgeError, match="not times by ascending size"):
                replace(COSTS, **{name: grid})


def test_one_measured_size_stands_for_all() -> None:
    layer, grid = ((10.0, 3.0),), ((10.0, ((4.0, 5.0),)),)
    one = CostModel(((1.0, 2.0),), layer, layer, grid, grid, ((1.0, 1.0),))
    assert [one.user_step(ENGINE, tokens) for tokens in (1, 10, 100)] == [3.0] * 3
    assert np.isclose(one.embedding(7), 2.0)


def test_the_shortest_bucket_is_among_the_sizes_though_no_segment_needs_it() -> None:
    assert user_sizes(ENGINE, longest_user=48, longest_candidate=19) == [10, 20, 30, 50]
