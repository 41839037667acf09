"""int8 weights and activations: bounds, zeros, stability, and the integers themselves."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_models import make_model, make_requests, shape, teacher_shape
from torch import nn

from cloud.attention import PREFIX
from cloud.batches import label_batch
from cloud.model import ModelConfig
from compress.int8 import (
    Int8Embedding,
    Int8Linear,
    dequantise,
    fold_norms,
    int8_encoder,
    quantise,
    quantise_activations,
    quantise_rows,
)
from compress.magnitude import MagnitudePruner, PruneSchedule, sparsity_by_tensor


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
    torch.testing.assert_close(scale, weight.abs().amax(1) / 127)


@settings(max_examples=60, deadline=None)
@given(weight=matrices)
def test_requantising_gives_the_same_integers_and_turning_the_sign_turns_them(weight: torch.Tensor) -> None:
    integers, scale = quantise_rows(weight)
    again, _ = quantise_rows(integers.float() * scale[:, None])
    assert torch.equal(again, integers)
    assert torch.equal(quantise_rows(-weight)[0], -integers)


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
    assert ((levels - inputs).abs() <= 1.001 * step[:, None]).all()  # 0.5, and the zero point's own rounding
    assert (levels[inputs == 0] == 0).all()
    assert max(len(row.unique()) for row in levels) <= 256


def test_a_rows_activations_do_not_depend_on_other_rows() -> None:
    inputs = random_weight(0, 6, 20, 2.0)
    assert torch.equal(quantise_activations(inputs)[2:3], quantise_activations(inputs[2:3]))


def test_every_table_and_linear_layer_becomes_int8() -> None:
    model = quantise(make_model())
    assert not [m for m in model.modules() if isinstance(m, nn.Linear | nn.Embedding)]
    weights = {name: value for name, value in model.state_dict().items() if name.endswith("weight") and value.ndim == 2}
    assert len(weights) == 9 and {value.dtype for value in weights.values()} == {torch.int8}


@pytest.mark.parametrize("teacher", [False, True])
def test_dequantised_and_requantised_a_model_keeps_every_integer(teacher: bool) -> None:
    once = quantise(make_model(teacher_shape()) if teacher else make_model())
    floats = dequantise(once)
    twice = quantise(floats)
    for name, value in once.state_dict().items():
        if value.dtype == torch.int8:
            assert torch.equal(twice.state_dict()[name], value), name
            scale = once.state_dict()[name.removesuffix("weight") + "scale"]
            assert torch.equal(floats.state_dict()[name], value.float() * scale[:, None])


def test_what_was_pruned_is_zero_in_int8_too() -> None:
    model = make_model()
    MagnitudePruner(model, PruneSchedule(end=1)).apply_at(model, 1)
    quantised = quantise(model).state_dict()
    for name, value in model.state_dict().items():
        assert (quantised[name][value == 0] == 0).all(), name
        if value.ndim == 2:
            assert (quantised[name] == 0).sum() >= round(0.8 * value.numel())


def test_the_int8_model_answers_nearly_as_the_float_one() -> None:
    model, batch = make_model(), label_batch(make_requests(8))
    with torch.inference_mode():
        exact, coarse = (one(batch.packed, PREFIX) for one in (model, quantise(model)))
    assert (exact - coarse).abs().max() < 0.1 * exact.std()
    assert not torch.equal(exact, coarse)


@pytest.mark.parametrize("config", [shape(), shape(embedding_size=32), teacher_shape()])
def test_folding_the_norms_changes_no_answer_and_no_zero(config: ModelConfig) -> None:
    model, batch = make_model(config), label_batch(make_requests(4))
    MagnitudePruner(model, PruneSchedule(end=1)).apply_at(model, 1)
    folded = fold_norms(model)
    with torch.inference_mode():
        torch.testing.assert_close(folded(batch.packed, PREFIX), model(batch.packed, PREFIX), rtol=0, atol=2e-5)
    assert sparsity_by_tensor(folded) == sparsity_by_tensor(model)
    followed = [name for name, m in folded.named_modules() if isinstance(m, nn.LayerNorm) and (m.bias == 0).all()]
    assert len(followed) == 2 * len(model.layers) + 1 + isinstance(model.widen, nn.Linear)
    assert all(torch.equal(a, b) for a, b in zip(fold_norms(folded).parameters(), folded.parameters(), strict=True))


def test_int8_products_are_those_of_the_integers() -> None:
    layer = Int8Linear(8, 3)
    layer.weight = torch.randint(-127, 128, (3, 8), dtype=torch.int8)
    layer.scale = torch.tensor([0.1, 0.2, 0.3])
    inputs = torch.randint(-128, 128, (4, 8)).float()
    inputs[:, :2] = torch.tensor([-128.0, 127.0])  # 256 levels with a step of 1: nothing is rounded
    expected = (inputs.long() @ layer.weight.long().T) * layer.scale
    torch.testing.assert_close(layer(inputs), expected)


def test_looking_up_a_row_scales_it() -> None:
    table = Int8Embedding(4, 2)
    table.weight = torch.tensor([[1, 2], [3, 4], [5, 6], [7, 8]], dtype=torch.int8)
    table.scale = torch.tensor([1.0, 0.5, 2.0, 1.0])
    assert table(torch.tensor([[2, 1]])).tolist() == [[[10.0, 12.0], [1.5, 2.0]]]


def test_an_int8_encoder_reads_what_another_one_saved() -> None:
    saved = quantise(make_model())
    fresh = int8_encoder(saved.config)
    fresh.load_state_dict(saved.state_dict())
    batch = label_batch(make_requests(2))
    with torch.inference_mode():
        assert torch.equal(fresh(batch.packed, PREFIX), saved(batch.packed, PREFIX))
