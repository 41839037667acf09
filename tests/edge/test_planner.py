"""The planner takes the deepest exit that fits, by costs that were measured once."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.engine import Shape
from edge.errors import EdgeError
from edge.planner import SAFETY, CostModel, Work, calibrate, choose_depth


class Padding:
    """An engine that pads to multiples of 10 tokens and 4 candidates; it counts its layers."""

    shape = Shape(layers=6, hidden=8, heads=2, handover=2)

    def __init__(self) -> None:
        self.sizes: list[tuple[str, int]] = []

    def padded_user(self, tokens: int) -> int:
        return -(-tokens // 10) * 10

    def padded_candidates(self, count: int) -> int:
        return -(-count // 4) * 4

    def layer(self, hidden: np.ndarray, mask: np.ndarray, depth: int) -> None:
        self.sizes.append(("user", len(hidden)))

    def layer_candidate(self, hidden: np.ndarray, *rest: Any) -> None:
        self.sizes.append(("candidates", len(hidden)))


ENGINE: Any = Padding()
COSTS = CostModel(user_layer=((10.0, 1.0), (50.0, 3.0)), candidate_layer=((4.0, 2.0), (16.0, 8.0)))
WORK = Work(user_tokens=28, user_depth=0, candidates=7)
DEPTHS = (1, 2, 4, 6)


def test_a_prediction_is_layers_times_what_one_costs_at_the_padded_sizes() -> None:
    assert COSTS.predict(ENGINE, WORK, 1) == pytest.approx(2.0 + 4.0)  # 30 tokens, 8 candidates
    assert COSTS.predict(ENGINE, WORK, 6) == pytest.approx(6 * 6.0)
    assert COSTS.predict(ENGINE, replace(WORK, user_depth=4), 6) == pytest.approx(2 * 2.0 + 6 * 4.0)
    assert COSTS.predict(ENGINE, replace(WORK, user_depth=6), 2) == pytest.approx(2 * 4.0)


def test_larger_than_measured_goes_on_along_the_last_slope() -> None:
    assert COSTS.predict(ENGINE, replace(WORK, candidates=32), 1) == pytest.approx(2.0 + 16.0)
    assert COSTS.predict(ENGINE, replace(WORK, user_tokens=90), 1) == pytest.approx(5.0 + 4.0)
    falling = replace(COSTS, candidate_layer=((4.0, 2.0), (16.0, 1.0)))
    assert falling.predict(ENGINE, replace(WORK, candidates=64), 1) == pytest.approx(2.0 + 1.0)


def test_in_the_segments_plan_what_is_not_cached_costs_its_layers_alone() -> None:
    warm = Work(user_tokens=28, user_depth=2, candidates=7, handover=2)
    assert COSTS.predict(ENGINE, warm, 6) == pytest.approx(4 * 2.0 + 4 * 4.0)
    cold = replace(warm, new_tokens=8, new_candidates=3)
    assert COSTS.predict(ENGINE, cold, 6) == pytest.approx(4 * 2.0 + 4 * 4.0 + 2 * (1.0 + 2.0))


@given(
    budget=st.floats(0, 100),
    user_depth=st.integers(0, 6),
    candidates=st.integers(0, 40),
    user_tokens=st.integers(1, 90),
)
def test_the_deepest_exit_within_the_budget_is_taken(
    budget: float, user_depth: int, candidates: int, user_tokens: int
) -> None:
    work = Work(user_tokens, user_depth, candidates)
    costs = {depth: COSTS.predict(ENGINE, work, depth) for depth in DEPTHS}
    assert list(costs.values()) == sorted(costs.values())  # deeper never costs less
    depth, predicted = choose_depth(COSTS, ENGINE, work, DEPTHS, budget)
    assert predicted == costs[depth]
    fitting = [each for each, cost in costs.items() if cost <= SAFETY * budget]
    assert depth == (max(fitting) if fitting else 1)


@pytest.mark.parametrize("budget", [0.0, -5.0, math.nan, 6.0])
def test_a_budget_that_nothing_meets_is_answered_at_the_shallowest_exit(budget: float) -> None:
    assert choose_depth(COSTS, ENGINE, WORK, (4, 2, 6), budget) == (2, 12.0)
    assert choose_depth(COSTS, ENGINE, WORK, DEPTHS, math.inf)[0] == 6


def test_calibration_measures_each_padded_size_once() -> None:
    engine: Any = Padding()
    costs = calibrate(engine, longest_user=48, longest_candidate=9)
    assert [size for size, _ in costs.user_layer] == [10, 30, 50]
    assert [size for size, _ in costs.candidate_layer] == [4, 16]
    assert set(engine.sizes) == {("user", 10), ("user", 30), ("user", 50), ("candidates", 4), ("candidates", 16)}
    assert all(0 <= cost < math.inf for _, cost in (*costs.user_layer, *costs.candidate_layer))


@pytest.mark.parametrize(
    "points", [(), ((10.0, -1.0),), ((10.0, math.nan),), ((5.0, 1.0), (5.0, 2.0)), ((9.0, 1.0), (5.0, 2.0))]
)
def test_costs_that_cannot_be_are_refused(points: Any) -> None:
    with pytest.raises(EdgeError, match="not times by ascending size"):
        CostModel(points, ((1.0, 1.0),))
