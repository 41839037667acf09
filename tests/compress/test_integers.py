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
from compress.integers import (
    QuantisedEmbedding,
    QuantisedLinear,
    dequantise,
    fold_norms,
    quantise,
    quantise_activations,
    quantise_rows,
    quantised_encoder,
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


def test_every_table_and_linear_layer_becomes_int8() -> None:
    model = quantise(make_model())
    assert not [m for m in model.modules() if isinstance(m, nn.Linear | nn.Embedding)]
    weights = {name: value for name, value in model.state_dict().items() if name.endswith("weight") and value.ndim == 2}
    assert len(weights) == 9 and {value.dtype for value in weights.values()} == {torch.int8}


@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize("teacher", [False, True])
def test_dequantised_a_models_weights_are_its_integers_times_their_scales(teacher: bool, bits: int) -> None:
    quantised = quantise(make_model(teacher_shape()) if teacher else make_model(), bits)
    tensors, floats = quantised.state_dict(), dequantise(quantised).state_dict()
    for name, value in tensors.items():
        if value.dtype == torch.int8:
            scale = tensors[name.removesuffix("weight") + "scale"]
            assert torch.equal(floats[name], value.float() * scale[:, None])


def test_four_bits_are_for_what_has_many_weights() -> None:
    largest = {name: value.abs().max() for name, value in quantise(make_model(), 4).state_dict().items()}
    assert all(largest[f"{name}.weight"] <= 7 for name in ("token", "widen", "layers.0.feed_forward_in"))
    assert all(largest[f"{name}.weight"] > 100 for name in ("position", "slot", "head"))


def test_biases_are_float16_numbers() -> None:
    biases = {name: value for name, value in quantise(make_model()).state_dict().items() if name.endswith("bias")}
    assert biases
    assert all(torch.equal(value, value.half().float()) for value in biases.values())


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


def test_an_quantised_encoder_reads_what_another_one_saved() -> None:
    saved = quantise(make_model())
    fresh = quantised_encoder(saved.config)
    fresh.load_state_dict(saved.state_dict())
    batch = label_batch(make_requests(2))
    with torch.inference_mode():
        assert torch.equal(fresh(batch.packed, PREFIX), saved(batch.packed, PREFIX))
