"""int8 and 4-bit tables and linear layers: bounds, zeros, stability, and the integers themselves."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from compress.integer_layers import QuantisedEmbedding, QuantisedLinear, quantise_activations, quantise_rows


def random_weight(seed: int, rows: int, columns: int, spread: float) -> torch.Tensor:
    chance = torch.Generator().manual_seed(seed)
    scale = 10 ** (spread * torch.randn(rows, 1, generator=chance))
    return torch.randn(rows, columns, generator=chance) * scale


matrices = st.builds(random_weight, st.integers(0, 9999), st.integers(1, 9), st.integers(1, 40), st.floats(0, 4))


@settings(max_examples=60, deadline=None)
@given(weight=matrices)
def test_no_weight_moves_by_more_than_half_its_rows_step(weight: torch.Tensor) -> None:
    integers, scale = quantise_rows(weight)
    assert integers.dtype == torch.int8 and integers.abs().max() <= 127
    error = (integers.double() * scale.double()[:, None] - weight.double()).abs()
    assert (error <= 0.5001 * scale.double()[:, None]).all()
    least = weight.abs().amax(1) / 127
    assert (scale >= least).all() and (scale <= least * (1 + 2**-7)).all()
    assert torch.equal(scale, scale.bfloat16().float())


@settings(max_examples=60, deadline=None)
@given(weight=matrices)
def test_four_bits_keep_to_half_their_rows_step_too(weight: torch.Tensor) -> None:
    integers, scale = quantise_rows(weight, 4)
    assert integers.abs().max() <= 7
    error = (integers.double() * scale.double()[:, None] - weight.double()).abs()
    assert (error <= 0.5001 * scale.double()[:, None]).all()


@settings(max_examples=60, deadline=None)
@given(weight=matrices)
def test_turning_the_sign_turns_the_integers(weight: torch.Tensor) -> None:
    assert torch.equal(quantise_rows(-weight)[0], -quantise_rows(weight)[0])


@pytest.mark.parametrize("weight", [
    torch.zeros(3, 5), torch.tensor([[0.0, 0.0], [1.0, -2.0], [0.0, 0.0]]), torch.zeros(1, 1),
])  # fmt: skip
def test_zeros_stay_zero_and_a_row_of_them_is_no_division_by_zero(weight: torch.Tensor) -> None:
    integers, scale = quantise_rows(weight)
    assert (integers[weight == 0] == 0).all()
    assert scale.isfinite().all() and (scale > 0).all()


@settings(max_examples=60, deadline=None)
@given(inputs=matrices)
def test_activations_move_by_half_a_step_of_their_row_and_zero_stays_zero(inputs: torch.Tensor) -> None:
    inputs[:, ::3] = 0.0
    levels = quantise_activations(inputs)
    step = (inputs.amax(1).clamp(min=0) - inputs.amin(1).clamp(max=0)) / 255
    assert (
        (levels - inputs).abs() <= 1.001 * step[:, None].clamp(min=1e-12)
    ).all()  # 0.5, and the zero point's own rounding
    assert (levels[inputs == 0] == 0).all()
    assert max(len(row.unique()) for row in levels) <= 256


def test_a_rows_activations_do_not_depend_on_other_rows() -> None:
    inputs = random_weight(0, 6, 20, 2.0)
    assert torch.equal(quantise_activations(inputs)[2:3], quantise_activations(inputs[2:3]))


def test_int8_products_are_those_of_the_integers() -> None:
    layer = QuantisedLinear(8, 3)
    layer.weight = torch.randint(-127, 128, (3, 8), dtype=torch.int8)
    layer.scale = torch.tensor([0.1, 0.2, 0.3])
    inputs = torch.randint(-128, 128, (4, 8)).float()
    inputs[:, :2] = torch.tensor([-128.0, 127.0])  # 256 levels with a step of 1: nothing is rounded
    expected = (inputs.long() @ layer.weight.long().T) * layer.scale
    torch.testing.assert_close(layer(inputs), expected)


def test_looking_up_a_row_scales_it() -> None:
    table = QuantisedEmbedding(4, 2)
    table.weight = torch.tensor([[1, 2], [3, 4], [5, 6], [7, 8]], dtype=torch.int8)
    table.scale = torch.tensor([1.0, 0.5, 2.0, 1.0])
    assert table(torch.tensor([[2, 1]])).tolist() == [[[10.0, 12.0], [1.5, 2.0]]]
