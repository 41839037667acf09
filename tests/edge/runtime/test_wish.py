"""A wish that cannot be meant is refused when it is made, by the name of the argument."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from edge.runtime.wish import Wish

from edge.errors import EdgeError


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"budget_ms": "20"}, "budget_ms must be a number, not '20' (str)"),
        ({"budget_ms": True}, "budget_ms must be a number, not True (bool)"),
        ({"budget_ms": [20]}, "budget_ms must be a number, not [20] (list)"),
        ({"budget_ms": 0}, "budget_ms is 0, it must be above 0"),
        ({"budget_ms": 10**400}, f"budget_ms is {'1' + '0' * 56}..., it must be a finite float, above 0"),
        ({"budget_mb": float("inf")}, "budget_mb is inf, it must be a finite float, above 0"),
        ({"budget_mb": "2"}, "budget_mb must be a number, not '2' (str)"),
        ({"min_auc": 75}, "min_auc is 75, it must be from 0 to 1"),
        ({"min_auc": 0}, "min_auc is 0: every exit reaches it, a limit that cannot fail is no limit"),
        ({"min_auc": "0.7"}, "min_auc must be a number, not '0.7' (str)"),
        ({"top": 2.5}, "top must be a whole number, not 2.5 (float)"),
        ({"top": "10"}, "top must be a whole number, not '10' (str)"),
        ({"top": True}, "top must be a whole number, not True (bool)"),
        ({"top": 3, "patience": 1.0}, "patience must be a whole number, not 1.0 (float)"),
        ({"depth": "3"}, "depth must be a whole number, not '3' (str)"),
        ({"depth": 2.0}, "depth must be a whole number, not 2.0 (float)"),
        ({"depth": -1}, "depth is -1, it must be 0 or more"),
        ({"top": 3, "cascade": "yes"}, "cascade must be true or false, not 'yes' (str)"),
        ({"plan": 3}, "there is no plan 3"),
        ({"plan": "all"}, "there is no plan 'all'"),
        ({"budget_ms": 5, "depth": 3}, "budget_ms and depth exclude each other"),
        ({"budget_mb": 5, "min_auc": 0.7, "depth": 3}, "budget_mb and min_auc and depth exclude each other"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_the_arguments_name(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(EdgeError) as refused:
        Wish(**given)
    assert refused.value.problem == problem


def test_numbers_of_numpy_are_numbers() -> None:
    wish = Wish(budget_ms=float(np.float32(20)), top=np.int64(3), patience=np.int32(1), cascade=np.bool_(True))  # type: ignore[arg-type]
    assert wish.limited and wish.top == 3
    assert Wish(min_auc=np.float64(0.75)).limited
    assert Wish(depth=np.int64(2)).depth == 2  # type: ignore[arg-type]
