"""The arithmetic written out in numpy is torch's, float and integer; rounding ties apart."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from cloud.torch_engine import TorchEngine
from compress.integers import dequantise, quantise
from edge.conformance.golden import score
from edge.engines.protocol import Engine
from edge.engines.reference import ReferenceEngine
from small_models import VOCABULARY, make_candidates, make_model, make_user, shape

from cloud.model import Encoder
from compress.integer_layers import quantise_activations
from edge.engines.arithmetic import gelu, levels_of


def engines(model: Encoder) -> tuple[TorchEngine, ReferenceEngine]:
    torch_engine = TorchEngine(model)
    weights = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    return torch_engine, ReferenceEngine(weights, torch_engine.shape)


def differences(first: Engine, second: Engine, requests: int = 20) -> np.ndarray:
    """(requests, plans and exits): the largest of each"""
    random, found = np.random.default_rng(3), []
    for _ in range(requests):
        user, candidates = make_user(random, 4), make_candidates(random, 6)
        one, other = score(first, user, candidates), score(second, user, candidates)
        found.append([np.abs(one[plan][depth] - other[plan][depth]).max() for plan in one for depth in one[plan]])
    return np.array(found)


@pytest.mark.parametrize("changes", [{}, {"embedding_size": 32}])
def test_float_weights_give_torchs_scores(changes: dict[str, int]) -> None:
    model = make_model(shape(**changes))
    assert differences(*engines(model)).max() < 1e-5
    assert differences(*engines(dequantise(quantise(model)))).max() < 1e-5


@pytest.mark.parametrize("bits", [8, 4])
def test_integer_weights_give_torchs_scores_but_for_ties(bits: int) -> None:
    found = differences(*engines(quantise(make_model(), bits)))
    assert (found < 1e-4).mean() > 0.8  # an activation between two levels may fall to either
    assert found.max() < 0.02


def test_activations_fall_to_torchs_levels_ties_too() -> None:
    random = np.random.default_rng(0)
    inputs = random.normal(size=(500, 64)).astype(np.float32)
    inputs[:200] = np.round(inputs[:200] * 4) / 4
    inputs[200:250] = np.abs(inputs[200:250])
    inputs[250] = 0.0
    levels, step = levels_of(inputs)
    np.testing.assert_array_equal((levels * step).astype(np.float32), quantise_activations(torch.from_numpy(inputs)))
    assert levels.min() >= -255 and levels.max() <= 255


def test_gelu_is_within_a_rounding_of_the_exact_one() -> None:
    inputs = np.linspace(-15, 15, 30_001).astype(np.float32)
    exact = [0.5 * x * math.erfc(-x / 2**0.5) for x in map(float, inputs)]
    assert np.abs(gelu(inputs) - exact).max() < 5e-7
    assert gelu(np.array([1e4, -1e4], dtype=np.float32)).tolist() == pytest.approx([1e4, 0.0], abs=1e-30)


def test_an_id_outside_the_table_is_an_error() -> None:
    _, engine = engines(quantise(make_model()))
    with pytest.raises(IndexError):
        engine.embed(np.array([VOCABULARY], dtype=np.int32), np.array([0], dtype=np.int32))
