"""The ranking model in integers: what becomes some, how near it scores, and the arithmetic of a layer by hand."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from small_rankers import SHAPES, batch_of, make_ranker
from torch import Tensor, nn
from torch.nn import functional as F

from cloud.ranking.measure import scores_of
from cloud.ranking.model import RankingModel
from cloud.ranking.timelines import Timelines
from compress.integer_layers import QuantisedEmbedding, QuantisedLinear
from compress.integers import dequantise_ranker, fold_norms, quantise_ranker, quantised_ranker
from compress.magnitude import largest_mask
from compress.parts import FLOAT, compressed_layers, part_of
from edge.bundle.weights.packed import pack

Floats = NDArray[np.float64]


def compressed_weights(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    for name, module in compressed_layers(model):
        yield f"{name}.weight", module.weight


def test_every_part_is_compressed_or_listed_as_float(timelines: Timelines) -> None:
    model = make_ranker(timelines, factors=3)
    parts = {name for name, _ in model.named_children()}
    compressed = {part_of(name) for name, _ in compressed_weights(model)}
    norms = {name for name in parts if name.endswith("norm")}
    assert compressed == {"token", "position", "widen", "layers"}
    assert compressed.isdisjoint(FLOAT)
    assert parts == compressed | norms | set(FLOAT)


@pytest.mark.parametrize("changes", SHAPES.values(), ids=SHAPES)
def test_tables_and_layers_become_int8_and_the_float_parts_short_numbers(
    timelines: Timelines, changes: dict[str, object]
) -> None:
    model = make_ranker(timelines, **changes)
    integers = {name for name, _ in compressed_weights(model)}
    tensors = quantise_ranker(model).state_dict()
    assert {name for name, value in tensors.items() if value.dtype == torch.int8} == integers
    untouched = [name for name in model.state_dict() if part_of(name) in {*FLOAT, "distance"} - {"head"}]
    assert len(untouched) == 21
    for name in untouched:
        value = model.state_dict()[name].half()
        matrix = value.dim() > 1 and len(value) > 1
        assert torch.equal(tensors[name], (value.bfloat16() if matrix else value).float())
        assert torch.equal(tensors[name], tensors[name].half().float())  # exact in every engine
    hidden = torch.randn(5, model.shape.hidden_size)
    folded = F.linear(F.layer_norm(hidden, hidden.shape[-1:]), tensors["head.weight"], tensors["head.bias"])
    torch.testing.assert_close(folded, model.head(model.head_norm(hidden)), atol=2e-3, rtol=1e-3)


@pytest.mark.parametrize("changes", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize(("bits", "bound"), [(8, 0.05), (4, 0.6)])
@torch.inference_mode()
def test_the_integer_model_scores_nearly_as_the_float_one(
    timelines: Timelines, changes: dict[str, object], bits: int, bound: float
) -> None:
    model, batch = make_ranker(timelines, **changes), batch_of(timelines)
    coarse = quantise_ranker(model, bits)
    for depth in model.shape.encode_depths:
        exact, found = (batch.targets(one(batch, depth)) for one in (model, coarse))
        error = (found - exact).abs().amax(1) / exact.std(1)
        assert (error < bound).all(), error
        assert (error > 0).all()


def test_four_bits_are_for_what_has_many_weights(timelines: Timelines) -> None:
    largest = {
        name: value.abs().max() for name, value in quantise_ranker(make_ranker(timelines), 4).state_dict().items()
    }
    assert all(largest[f"{name}.weight"] <= 7 for name in ("token", "widen", "layers.0.feed_forward_in"))
    assert largest["position.weight"] > 100


def by_hand(layer: nn.Module, name: str, inputs: Floats) -> Floats:
    """A linear layer: activations to int8 by the row, a product of integers, then scales and bias."""
    linear = layer.get_submodule(name)
    assert isinstance(linear, QuantisedLinear)
    weight, scale, bias = (value.numpy() for value in (linear.weight, linear.scale, linear.bias.data))
    least, greatest = np.minimum(inputs.min(-1), 0), np.maximum(inputs.max(-1), 0)
    step = ((greatest - least) / 255)[..., None]
    zero = np.clip(np.round(-128 - least[..., None] / step), -128, 127)
    levels = np.clip(np.round(inputs / step) + zero, -128, 127)
    product = (levels - zero).astype(np.int64) @ weight.T.astype(np.int64)
    return np.asarray(product * step * scale + bias, dtype=np.float64)


def normed(values: Floats) -> Floats:
    centred = values - values.mean(-1, keepdims=True)
    return np.asarray(centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5))


def test_a_layer_equals_a_plain_reading_of_its_integers(timelines: Timelines) -> None:
    layer, heads = quantise_ranker(make_ranker(timelines)).layer(0), 2
    hidden = torch.randn(3, 5, 32, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        found = layer.tokens(hidden, torch.zeros(3, 1, 1, 5)).numpy()
    states = hidden.double().numpy()
    split = by_hand(layer, "attention_in", normed(states)).reshape(3, 5, 3, heads, 16)
    queries, keys, values = split.transpose(2, 0, 3, 1, 4)
    weights = np.exp(queries @ keys.swapaxes(-1, -2) / 4)
    attended = weights / weights.sum(-1, keepdims=True) @ values
    states = states + by_hand(layer, "attention_out", attended.swapaxes(1, 2).reshape(3, 5, 32))
    inner = by_hand(layer, "feed_forward_in", normed(states))
    inner = inner * (1 + np.vectorize(math.erf)(inner / math.sqrt(2))) / 2
    expected = states + by_hand(layer, "feed_forward_out", inner)
    # a level may flip where float32 rounds to the other side of a half
    assert np.median(np.abs(found - expected)) < 1e-6
    assert np.abs(found - expected).max() < 0.02


@pytest.mark.parametrize("bits", [8, 4])
def test_padding_never_changes_a_score(timelines: Timelines, bits: int) -> None:
    model, batch = quantise_ranker(make_ranker(timelines), bits), batch_of(timelines)
    longer = replace(
        batch,
        segments=tuple(F.pad(group, (0, 24 - group.shape[1])) for group in batch.segments),
        phrases=F.pad(batch.phrases, (0, 24 - batch.phrases.shape[1])),
    )
    with torch.inference_mode():
        check_same(batch.targets(model(longer)).numpy(), batch.targets(model(batch)).numpy())
    rows = np.arange(6)
    whole = scores_of(model, timelines, rows)
    alone = np.concatenate([scores_of(model, timelines, rows[[row]]) for row in range(len(rows))], axis=1)
    check_same(whole, alone)


def check_same(one: NDArray[np.float32], other: NDArray[np.float32]) -> None:
    """But for sums of another order, which may round to another level here and there."""
    difference = np.abs(one - other)
    assert np.quantile(difference, 0.9) < 1e-5
    assert difference.max() < 0.02 * one.std()


def pruned(model: RankingModel) -> RankingModel:
    with torch.no_grad():
        for _, weight in compressed_weights(model):
            weight.mul_(largest_mask(weight, 0.8))
    return model


@pytest.mark.parametrize("bits", [8, 4])
def test_what_was_pruned_is_zero_in_integers_too(timelines: Timelines, bits: int) -> None:
    model = pruned(make_ranker(timelines))
    tensors = quantise_ranker(model, bits).state_dict()
    for name, weight in compressed_weights(model):
        assert (tensors[name][weight == 0] == 0).all(), name
        assert (tensors[name] == 0).sum() >= round(0.8 * weight.numel())


@pytest.mark.parametrize(("bits", "most"), [(8, 2.3), (4, 1.5)])
def test_a_sparse_weight_takes_few_bits_of_a_bundle(timelines: Timelines, bits: int, most: float) -> None:
    model = pruned(make_ranker(timelines, hidden_size=128, embedding_size=64))
    tensors = {name: value.numpy() for name, value in quantise_ranker(model, bits).state_dict().items()}
    weights = sum(value.size for value in tensors.values() if value.dtype == np.int8)
    floats = {name: value for name, value in tensors.items() if value.dtype != np.int8}
    assert weights > 300_000
    assert 8 * (len(pack(tensors)) - len(pack(floats))) < most * weights


@pytest.mark.parametrize("changes", SHAPES.values(), ids=SHAPES)
@torch.inference_mode()
def test_folding_the_norms_changes_no_score_and_no_zero(timelines: Timelines, changes: dict[str, object]) -> None:
    model, batch = pruned(make_ranker(timelines, **changes)), batch_of(timelines)
    folded = fold_norms(model)
    torch.testing.assert_close(batch.targets(folded(batch)), batch.targets(model(batch)), rtol=0, atol=2e-5)
    for (name, before), (_, after) in zip(compressed_weights(model), compressed_weights(folded), strict=True):
        assert torch.equal(before == 0, after == 0), name
    again = fold_norms(folded)
    assert all(torch.equal(one, other) for one, other in zip(again.parameters(), folded.parameters(), strict=True))


@pytest.mark.parametrize("bits", [8, 4])
def test_dequantised_a_models_weights_are_its_integers_times_their_scales(timelines: Timelines, bits: int) -> None:
    quantised = quantise_ranker(make_ranker(timelines), bits)
    tensors, floats = quantised.state_dict(), dequantise_ranker(quantised).state_dict()
    for name, value in tensors.items():
        if value.dtype == torch.int8:
            scale = tensors[name.removesuffix("weight") + "scale"]
            assert torch.equal(floats[name], value.float() * scale[:, None])


def test_biases_beside_integers_are_float16_numbers(timelines: Timelines) -> None:
    model = quantise_ranker(make_ranker(timelines))
    linear = [module for module in model.modules() if isinstance(module, QuantisedLinear)]
    assert len(linear) == 5
    assert all(torch.equal(module.bias, module.bias.half().float()) for module in linear)
    assert len([module for module in model.modules() if isinstance(module, QuantisedEmbedding)]) == 2


def test_a_quantised_ranker_reads_what_another_one_saved(timelines: Timelines) -> None:
    saved, batch = quantise_ranker(make_ranker(timelines)), batch_of(timelines)
    fresh = quantised_ranker(saved.shape)
    fresh.load_state_dict(saved.state_dict())
    with torch.inference_mode():
        assert torch.equal(batch.targets(fresh(batch)), batch.targets(saved(batch)))
