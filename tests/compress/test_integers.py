"""The encoder over tokens in int8: what becomes integers, how near it answers, and what stays zero."""

from __future__ import annotations

import pytest
import torch
from compress.integers import dequantise, fold_norms, quantise, quantised_encoder
from small_models import make_model, make_requests, shape, teacher_shape
from torch import nn

from cloud.attention import PREFIX
from cloud.batches import label_batch
from cloud.model import ModelConfig
from compress.magnitude import MagnitudePruner, PruneSchedule, sparsity_by_tensor


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


def test_an_quantised_encoder_reads_what_another_one_saved() -> None:
    saved = quantise(make_model())
    fresh = quantised_encoder(saved.config)
    fresh.load_state_dict(saved.state_dict())
    batch = label_batch(make_requests(2))
    with torch.inference_mode():
        assert torch.equal(fresh(batch.packed, PREFIX), saved(batch.packed, PREFIX))
