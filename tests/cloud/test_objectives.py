"""What is learned: clicks, hidden spans that can be put back, gradients everywhere."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_models import Segment, make_model, make_requests, make_user, shape
from torch.nn import functional as F

from cloud.batches import label_batch
from cloud.model import ModelConfig
from cloud.objectives import InfillBatch, click_loss, infill_batch, infill_loss
from edge.text.wordpiece import BOS, EOS, MASK

LONGEST = 16


def test_the_click_loss_is_the_cross_entropy_of_the_label() -> None:
    model, batch = make_model(), label_batch(make_requests(3))
    chance = model(batch.packed).sigmoid()
    entropy = -(batch.labels * chance.log() + (1 - batch.labels) * (1 - chance).log()).mean()
    assert click_loss(model, batch).item() == pytest.approx(entropy.item(), rel=1e-5)


@pytest.mark.parametrize("config", [shape(), shape(embedding_size=32), shape(handover=2)])
def test_gradients_reach_every_parameter(config: ModelConfig) -> None:
    model = make_model(config)
    click_loss(model, label_batch(make_requests(6))).backward()
    idle = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().max() > 0]
    assert idle == []


def test_infilling_trains_the_embedding_that_it_is_read_by() -> None:
    model = make_model()
    random = np.random.default_rng(0)
    batch = infill_batch([make_user(random) for _ in range(4)], 0, LONGEST)
    infill_loss(model, batch, torch.zeros(model.config.vocabulary_size)).backward()
    idle = {name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().max() > 0}
    assert idle == {"head.weight", "head.bias", "head_norm.weight", "head_norm.bias"}  # the click's own


def test_the_infilling_loss_is_that_of_the_asked_tokens_alone() -> None:
    model = make_model()
    batch = infill_batch([make_user(np.random.default_rng(1)) for _ in range(3)], 0, LONGEST)
    *_, hidden = model.states(batch.packed)
    logits = model.token_logits(hidden)
    wanted = F.cross_entropy(logits.flatten(0, 1), batch.targets.flatten(), ignore_index=-100)
    torch.testing.assert_close(infill_loss(model, batch, torch.zeros(model.config.vocabulary_size)), wanted)


def read_row(batch: InfillBatch, row: int) -> tuple[list[Segment], Segment, list[int]]:
    """The corrupted user side, the answer, and the targets at the answer's tokens."""
    packed = batch.packed
    count = int(packed.segments[row].max()) + 1
    parts = [tuple(packed.tokens[row][packed.segments[row] == number].tolist()) for number in range(count)]
    return parts[:-1], parts[-1], batch.targets[row][packed.is_candidate[row]].tolist()


def put_back(corrupted: list[Segment], answer: Segment) -> list[Segment]:
    """The user side with each [MASK] replaced by its span, in order."""
    spans, span = [], list[int]()
    for token in answer[1:]:
        if token in (MASK, EOS):
            spans.append(span)
            span = []
        else:
            span.append(token)
    left = iter(spans)
    return [tuple(t for token in segment for t in (next(left) if token == MASK else [token])) for segment in corrupted]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), events=st.lists(st.integers(0, 7), min_size=1, max_size=4))
def test_the_answer_puts_the_hidden_spans_back_exactly(seed: int, events: list[int]) -> None:
    random = np.random.default_rng(seed)
    users = [make_user(random, count, longest=9) for count in events]
    batch = infill_batch(users, seed, LONGEST)
    for row, user in enumerate(users):
        corrupted, answer, targets = read_row(batch, row)
        assert answer[0] == BOS and answer[-1] == EOS
        assert targets == [*answer[1:], -100]
        assert put_back(corrupted, answer) == list(user)
        assert corrupted[0] == user[0] and corrupted[-1] == user[-1]
        assert len(answer) <= LONGEST
    assert int(batch.packed.positions.max()) < LONGEST
    assert (batch.targets[~batch.packed.is_candidate] == -100).all()


def test_infill_batches_are_the_same_for_the_same_seed() -> None:
    users = [make_user(np.random.default_rng(2), 6) for _ in range(4)]
    one, two, other = (infill_batch(users, seed, LONGEST) for seed in (5, 5, 6))
    assert torch.equal(one.packed.tokens, two.packed.tokens) and torch.equal(one.targets, two.targets)
    assert not torch.equal(one.packed.tokens[:, :30], other.packed.tokens[:, :30])


def test_a_fair_share_of_a_long_history_is_hidden() -> None:
    users = [make_user(np.random.default_rng(seed), 8, longest=9) for seed in range(200)]
    batch = infill_batch(users, 0, longest=64)
    hidden = int((batch.targets >= 7).sum())
    share = hidden / sum(len(segment) for user in users for segment in user[1:-1])
    assert 0.1 < share < 0.4
