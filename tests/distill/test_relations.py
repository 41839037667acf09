"""MiniLM relations: a student learns how a teacher's tokens relate, whatever the widths and heads of either."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from distill.relations import last_layer_vectors, relation_loss
from small_models import make_candidates, make_model, make_requests, make_user, shape, teacher_shape

from cloud.attention import PREFIX, attention_masks
from cloud.batches import label_batch
from cloud.packing import Packed, pack

TEACHER = make_model(teacher_shape(), seed=1)


@pytest.fixture
def packed() -> Packed:
    return label_batch(make_requests(4)).packed


def test_a_student_that_is_its_teacher_has_nothing_to_learn(packed: Packed) -> None:
    assert relation_loss(TEACHER, TEACHER, packed, 8).item() == pytest.approx(0.0, abs=1e-6)
    assert relation_loss(make_model(teacher_shape(), seed=2), TEACHER, packed, 8).item() > 1e-3


@pytest.mark.parametrize(
    "student",
    [
        shape(),
        shape(hidden_size=16, heads=2),
        shape(hidden_size=48, heads=3, layers=5),
        shape(layers=1, handover=0),
        teacher_shape(heads=8),
    ],
)
@pytest.mark.parametrize("relation_heads", [1, 4, 8])
def test_widths_heads_and_depths_may_differ(student: object, relation_heads: int, packed: Packed) -> None:
    model = make_model(student, seed=3)  # type: ignore[arg-type]
    loss = relation_loss(model, TEACHER, packed, relation_heads)
    loss.backward()
    assert loss.item() > 0 and loss.isfinite()
    gradient = model.layer(model.config.layers).attention_in.weight.grad
    assert gradient is not None and gradient.abs().max() > 0
    assert all(parameter.grad is None for parameter in TEACHER.parameters())


def test_the_vectors_are_the_last_layers_own(packed: Packed) -> None:
    queries, keys, values = last_layer_vectors(TEACHER, packed)
    *_, before_last, _ = TEACHER.states(packed, PREFIX)
    layer = TEACHER.layers[2]
    projected = layer.attention_in(layer.attention_norm(before_last))  # type: ignore[operator, union-attr]
    torch.testing.assert_close(torch.cat([queries, keys, values], -1), projected)


def test_the_loss_is_the_divergence_of_masked_relations_by_hand(packed: Packed) -> None:
    student, heads = make_model(shape(hidden_size=16, heads=2), seed=4), 4
    mask = attention_masks(packed, PREFIX)[1][:, 0]
    total, count = 0.0, 0
    for wanted, made in zip(last_layer_vectors(TEACHER, packed), last_layer_vectors(student, packed), strict=True):
        for head in range(heads):
            parts = []
            for vectors in (wanted, made):
                width = vectors.shape[-1] // heads
                part = vectors[..., head * width : (head + 1) * width]
                parts.append((part @ part.transpose(1, 2) / width**0.5 + mask).log_softmax(-1))
            divergence = (parts[0].exp() * (parts[0] - parts[1])).sum(-1)
            total, count = total + divergence[packed.real].mean().item(), count + 1
    assert relation_loss(student, TEACHER, packed, heads).item() == pytest.approx(total / count, rel=1e-4)


def test_padding_is_no_part_of_the_loss() -> None:
    random = np.random.default_rng(0)
    short, long = (make_user(random, 0), make_candidates(random, 1)), (make_user(random, 8), make_candidates(random, 5))
    student = make_model(seed=5)
    losses = [relation_loss(student, TEACHER, pack([request]), 8).item() for request in (short, long)]
    tokens = [sum(map(len, [*user, *candidates])) for user, candidates in (short, long)]
    together = relation_loss(student, TEACHER, pack([short, long]), 8).item()
    assert together == pytest.approx(np.average(losses, weights=tokens), rel=1e-4)


def test_what_padding_holds_changes_nothing() -> None:
    random = np.random.default_rng(0)
    packed = pack(
        [(make_user(random, 0), make_candidates(random, 1)), (make_user(random, 8), make_candidates(random, 5))]
    )
    spoilt = replace(packed, tokens=torch.where(packed.real, packed.tokens, 77))
    student = make_model(seed=5)
    torch.testing.assert_close(relation_loss(student, TEACHER, spoilt, 8), relation_loss(student, TEACHER, packed, 8))


def test_candidates_do_not_relate_to_each_other(packed: Packed) -> None:
    """Relations of one candidate are those that it has in a request of its own."""
    random = np.random.default_rng(1)
    user, candidates = make_user(random), make_candidates(random, 3)
    student = make_model(seed=6)
    alone = [relation_loss(student, TEACHER, pack([(user, [one])]), 8).item() for one in candidates]
    nobody = relation_loss(student, TEACHER, pack([(user, [])]), 8).item()
    user_tokens = sum(map(len, user))
    sizes = np.array([len(one) for one in candidates])
    own = (np.array(alone) * (user_tokens + sizes) - nobody * user_tokens).sum()  # summed over candidate tokens
    together = relation_loss(student, TEACHER, pack([(user, candidates)]), 8).item()
    assert together == pytest.approx((own + nobody * user_tokens) / (user_tokens + sizes.sum()), rel=1e-4)


def test_training_on_relations_brings_them_nearer(packed: Packed) -> None:
    student = make_model(seed=7)
    optimizer = torch.optim.Adam(student.parameters(), 3e-3)
    losses = []
    for _ in range(20):
        loss = relation_loss(student, TEACHER, packed, 8)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]
