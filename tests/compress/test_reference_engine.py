"""The reference engine computes what torch computes, a segment, an entry and a candidate at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from random_rankers import EVENTS, PLACES, SHAPE, User, batch_of, model_of, scores_of, user_of

from compress.graph import model_shape
from compress.integers import quantise_ranker
from edge.engines.reference import ReferenceEngine


@pytest.fixture
def user() -> User:
    return user_of()


@pytest.mark.parametrize("integers", [False, True])
@pytest.mark.parametrize(
    "changes", [{}, {"factors": 0}, {"interact_layers": 0}, {"embedding_size": 16}, {"early_encode": 0}]
)
def test_logits_are_those_of_torch(changes: dict[str, int], integers: bool, user: User) -> None:
    model = model_of(replace(SHAPE, **changes))
    model = quantise_ranker(model) if integers else model
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    engine = ReferenceEngine(weights, model_shape(model.shape, PLACES))
    for depth in model.shape.encode_depths:
        with torch.inference_mode():
            wanted = model(batch_of(user), depth)[0][:, 0].numpy()
        found = scores_of(engine, user, depth, (EVENTS,))
        np.testing.assert_allclose(found, wanted, atol=2e-3 if integers else 2e-5)


def test_a_user_who_grew_is_one_computed_whole(user: User) -> None:
    model = model_of(SHAPE)
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    engine = ReferenceEngine(weights, model_shape(SHAPE, PLACES))
    whole = scores_of(engine, user, 2, (EVENTS,))
    grown = scores_of(engine, user, 2, (1,) * EVENTS)
    np.testing.assert_allclose(grown, whole, atol=1e-5)
    assert np.abs(whole - scores_of(engine, user, 2, (EVENTS - 1,))).max() > 1e-2
