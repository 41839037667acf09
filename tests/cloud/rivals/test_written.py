"""One style for every figure with an interval, in whichever report it stands."""

from __future__ import annotations

import pytest

from cloud.rivals.draws import Figure
from cloud.rivals.written import signed, three, with_interval


@pytest.mark.parametrize(
    ("value", "plain", "with_sign"),
    [(0.8054, ".805", "+.805"), (-0.0123, "-.012", "-.012"), (0.0, ".000", ".000"), (1.0, "1.000", "+1.000")],
)
def test_figures_have_three_digits(value: float, plain: str, with_sign: str) -> None:
    assert (three(value), signed(value)) == (plain, with_sign)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0003, ".0003"),
        (-0.0001, "-.0001"),
        (0.00049, ".0005"),
        (0.0000123, ".00001"),
        (2e-9, "2e-09"),
        (-0.0, ".000"),
    ],
)
def test_a_value_near_zero_has_as_many_digits_as_distinguish_it_from_zero(value: float, text: str) -> None:
    assert three(value) == text


def test_what_is_no_number_is_a_dash() -> None:
    assert three(float("nan")) == signed(float("nan")) == "-"


def test_an_interval_follows_its_figure_in_brackets_and_only_where_there_is_one() -> None:
    nan = float("nan")
    assert with_interval(Figure(0.8054, 0.7989, 0.8111)) == ".805 (.799 to .811)"
    assert with_interval(Figure(-0.003, -0.012, 0.004), sign=True) == "-.003 (-.012 to +.004)"
    assert with_interval(Figure(0.8054, nan, nan)) == ".805"
    assert with_interval(Figure(nan, nan, nan)) == "-"
    assert with_interval(Figure(nan, nan, nan), undefined="undefined") == "undefined"
