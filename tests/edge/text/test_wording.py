"""Numbers as words: exact in decimal, whatever the binary value is."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.text import wording
from edge.text.types import Value

hundredths = st.integers(-(10**12), 10**12)
shares = st.floats(0, 1)


@given(hundredths)
def test_two_decimals_are_written_as_they_are(count: int) -> None:
    text = wording.number(count / 100)
    assert Fraction(text) == Fraction(count, 100)
    assert text == text.strip() and "e" not in text


@given(st.integers(-(10**10), 10**10))
def test_halves_round_away_from_zero(count: int) -> None:
    sign = -1 if count < 0 else 1
    half = (10 * count + 5 * sign) / 1000  # shown in decimal as ...5 at the third place
    assert Fraction(wording.number(half)) == Fraction(count + sign, 100)


@given(st.floats(-1e15, 1e15))
def test_a_number_is_at_most_half_a_hundredth_off(value: float) -> None:
    assert abs(Fraction(wording.number(value)) - Fraction(repr(value))) <= Fraction(1, 200)


@given(shares)
def test_percent_is_the_nearest_multiple_of_five(value: float) -> None:
    said = int(wording.percent(value).split()[1])
    assert said % 5 == 0
    assert -Fraction(5, 2) <= said - 100 * Fraction(repr(value)) <= Fraction(5, 2)


@given(shares, shares)
def test_a_larger_rank_share_never_gets_a_smaller_bucket(first: float, second: float) -> None:
    def bucket(value: float) -> float:
        said = wording.top(value)
        return float(said.split()[1]) if said else 100.0

    low, high = sorted((first, second))
    assert bucket(low) <= bucket(high)
    assert 100 * Fraction(repr(low)) <= Fraction(bucket(low))


@pytest.mark.parametrize("value", ["7", True, None, float("inf"), 1.1e15, (), 10**400])
def test_what_is_no_number_is_refused(value: Value) -> None:
    with pytest.raises(wording.WordingError, match="needs a number"):
        wording.number(value)


def test_a_long_bad_value_is_shown_cut() -> None:
    with pytest.raises(wording.WordingError) as refusal:
        wording.listing("x" * 10_000)
    assert len(str(refusal.value)) < 100
