"""What a caller passes is a number in its range, or refused by its name, whatever it is."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from edge.arguments import check_count, check_number, check_share, check_switch
from edge.errors import EdgeError


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (check_number, 0), (check_number, 2.5), (check_number, np.float32(2.5)), (check_number, np.int64(3)),
        (check_number, Fraction(1, 3)), (check_count, 1), (check_count, np.int64(3)), (check_count, np.uint8(3)),
        (check_share, 0), (check_share, 1), (check_share, np.float64(0.75)),
        (check_switch, True), (check_switch, False), (check_switch, np.bool_(True)),
    ],
)  # fmt: skip
def test_numbers_of_python_and_numpy_are_taken(check: Callable[..., None], value: Any) -> None:
    check("x", value)


@pytest.mark.parametrize(
    ("check", "value", "problem"),
    [
        (check_number, "20", "x must be a number, not '20' (str)"),
        (check_number, True, "x must be a number, not True (bool)"),
        (check_number, None, "x must be a number, not None (NoneType)"),
        (check_number, [20], "x must be a number, not [20] (list)"),
        (check_number, 1j, "x must be a number, not 1j (complex)"),
        (check_number, np.array([1.0]), "x must be a number, not array([1.]) (ndarray)"),
        (check_number, np.bool_(True), "x must be a number, not np.True_ (bool)"),
        (check_number, float("nan"), "x is nan, it must be a finite float, 0 or more"),
        (check_number, float("inf"), "x is inf, it must be a finite float, 0 or more"),
        (check_number, np.float64(-1), "x is -1.0, it must be 0 or more"),
        (check_number, 10**400, f"x is {'1' + '0' * 56}..., it must be a finite float, 0 or more"),
        (check_count, 2.5, "x must be a whole number, not 2.5 (float)"),
        (check_count, 2.0, "x must be a whole number, not 2.0 (float)"),
        (check_count, "2", "x must be a whole number, not '2' (str)"),
        (check_count, True, "x must be a whole number, not True (bool)"),
        (check_count, 0, "x is 0, it must be 1 or more"),
        (check_count, np.int64(-3), "x is -3, it must be 1 or more"),
        (check_share, 1.5, "x is 1.5, it must be from 0 to 1"),
        (check_share, -0.1, "x is -0.1, it must be from 0 to 1"),
        (check_share, "75%", "x must be a number, not '75%' (str)"),
        (check_switch, 1, "x must be true or false, not 1 (int)"),
        (check_switch, "yes", "x must be true or false, not 'yes' (str)"),
    ],
)
def test_what_is_none_is_refused_by_name_value_and_type(check: Callable[..., None], value: Any, problem: str) -> None:
    with pytest.raises(EdgeError) as refused:
        check("x", value)
    assert refused.value.problem.replace("(bool_)", "(bool)") == problem


def test_the_ends_of_a_range_belong_to_it_unless_it_says_above() -> None:
    check_number("x", 1, least=1, most=2)
    check_number("x", 2, least=1, most=2)
    check_count("x", 256, most=256)
    for value, problem in ((0, "x is 0, it must be above 0"), (-1, "x is -1, it must be above 0")):
        with pytest.raises(EdgeError, match=problem):
            check_number("x", value, above=True)
    with pytest.raises(EdgeError, match="x is 257, it must be from 1 to 256"):
        check_count("x", 257, most=256)


def test_a_number_that_python_does_not_print_is_refused_without_its_digits() -> None:
    for check in (check_number, check_share):
        with pytest.raises(EdgeError, match="x is a number of thousands of digits, it must be"):
            check("x", 10**5000)


def test_per_cent_where_a_share_is_wanted_are_recognised() -> None:
    for value, fix in ((75, "it is a share: did you mean 0.75?"), (101, ""), (-1, "")):
        with pytest.raises(EdgeError) as refused:
            check_share("auc", value)
        assert refused.value.fix == fix
