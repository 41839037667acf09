"""Which exit is chosen, from fixed costs."""

from __future__ import annotations

import pytest
from measured_exits import measured

from edge.bundle.exits import Exit, MeasuredExit
from edge.errors import EdgeError
from edge.runtime.choice import Work, choose, predicted
from edge.runtime.costs import Costs, at

COSTS = Costs(
    chunk=((16.0, 0.1), (64.0, 0.2)),
    encode=((16.0, 1.0), (64.0, 2.0)),
    append=((1.0, 0.5), (16.0, 1.0)),
    score=(((16.0, 0.1), (64.0, 0.2)), ((16.0, 1.0), (64.0, 3.0)), ((16.0, 2.0), (64.0, 6.0))),
)
EXITS = {
    Exit(2, 0): 0.70, Exit(2, 1): 0.72, Exit(2, 2): 0.73, Exit(6, 0): 0.74, Exit(6, 1): 0.76, Exit(6, 2): 0.75,
}  # fmt: skip
WORK = Work(chunks=(64, 16), phrases=(16,), entries=1, candidates=64)
WORKS = {2: WORK, 6: WORK}


def chosen(budget: float | None = None, auc: float | None = None) -> str:
    return str(choose(COSTS, WORKS, measured(EXITS), 1, budget, auc).exit)


def test_a_prediction_is_the_sum_of_what_is_missing() -> None:
    assert predicted(COSTS, WORK, Exit(2, 1), 1) == pytest.approx((0.2 + 4.0) + (0.1 + 2.0) + (0.1 + 1.0) + 0.5 + 3.0)
    nothing = Work((), (), 0, 0)
    assert predicted(COSTS, nothing, Exit(6, 2), 1) == 0.0


def test_without_limits_the_best_measured_exit_is_taken() -> None:
    assert chosen() == chosen(budget=1_000) == "6/1"


def test_the_best_exit_is_that_of_validation_rows_and_a_limit_asks_for_that_of_test_rows() -> None:
    exits = [
        MeasuredExit(Exit(2, depth), {"auc": auc, "validation_auc": validation})
        for depth, (auc, validation) in enumerate([(0.75, 0.71), (0.70, 0.73), (0.72, 0.72)])
    ]
    assert choose(COSTS, WORKS, exits, 1, None, None).exit == Exit(2, 1)
    assert choose(COSTS, WORKS, exits, 1, 1_000, 0.71).exit == Exit(2, 2)
    assert choose(COSTS, WORKS, exits, 1, None, 0.74).exit == Exit(2, 0)


def test_within_a_budget_the_best_measured_exit_is_taken_not_the_deepest() -> None:
    assert chosen(budget=1_000) == "6/1"


@pytest.mark.parametrize(("budget", "exit"), [(24.2, "6/1"), (22.9, "6/1"), (22.8, "6/0"), (20.0, "2/2"), (9.0, "2/0")])
def test_what_does_not_fit_is_left_for_what_does(budget: float, exit: str) -> None:
    assert chosen(budget) == exit
    found = choose(COSTS, WORKS, measured(EXITS), 1, budget, None)
    assert found.milliseconds <= budget


def test_where_nothing_fits_the_cheapest_comes_closest() -> None:
    assert chosen(budget=0.1) == "2/0" and chosen(budget=-5.0) == "2/0"


def test_a_quality_is_reached_as_cheaply_as_can_be() -> None:
    assert chosen(auc=0.71) == "2/1" and chosen(auc=0.74) == "6/0"


def test_a_quality_beyond_all_exits_gives_the_best() -> None:
    assert chosen(auc=0.9) == "6/1"


def test_a_quality_comes_before_a_budget_that_does_not_allow_it() -> None:
    assert chosen(budget=8.0, auc=0.74) == "6/0"
    assert chosen(budget=1_000, auc=0.74) == "6/1"


def test_exits_of_unknown_quality_are_ordered_by_depth() -> None:
    assert choose(COSTS, WORKS, measured(dict.fromkeys(EXITS)), 1, 1_000, None).exit == Exit(6, 2)


def test_kept_summaries_leave_time_for_depth() -> None:
    kept = Work(chunks=(), phrases=(), entries=0, candidates=64)
    assert choose(COSTS, {2: WORK, 6: kept}, measured(EXITS), 1, 4.0, None).exit == Exit(6, 1)


def test_costs_are_interpolated_and_never_fall_beyond_what_was_measured() -> None:
    points = ((16.0, 1.0), (64.0, 2.0))
    assert [at(points, size) for size in (1, 16, 40, 64, 112)] == [1.0, 1.0, 1.5, 2.0, 3.0]
    assert at(((16.0, 2.0), (64.0, 1.0)), 112) == 1.0
    assert at(((16.0, 2.0),), 500) == 2.0


@pytest.mark.parametrize("points", [(), ((2.0, 1.0), (1.0, 1.0)), ((1.0, -1.0),), ((1.0, float("nan")),)])
def test_what_are_no_costs_is_refused(points: tuple[tuple[float, float], ...]) -> None:
    good = ((1.0, 1.0),)
    with pytest.raises(EdgeError, match="costs are not times"):
        Costs(chunk=points, encode=good, append=good, score=(good,))
