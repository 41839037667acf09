"""Score distillation: the target is a mix of label and teacher, every exit of the plan learns it."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from distill.scores import plan_of_step, score_loss
from small_models import make_model, make_requests, shape, teacher_shape
from torch.nn import functional as F

from cloud.attention import PREFIX, Plan, segments_plan
from cloud.batches import LabelledBatch, label_batch
from cloud.objectives import click_loss

TEACHER = make_model(teacher_shape(), seed=1)
SEGMENTS = segments_plan(2)


@pytest.fixture
def batch() -> LabelledBatch:
    return label_batch(make_requests(5))


@pytest.mark.parametrize("plan", [PREFIX, SEGMENTS], ids=lambda plan: plan.name)
def test_without_the_teacher_it_is_the_click_loss(plan: Plan, batch: LabelledBatch) -> None:
    student = make_model()
    torch.testing.assert_close(score_loss(student, TEACHER, batch, plan, 0.0), click_loss(student, batch, plan))


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_the_target_is_the_mix_of_label_and_teacher(share: float, batch: LabelledBatch) -> None:
    student = make_model()
    target = share * TEACHER(batch.packed, PREFIX)[0].sigmoid() + (1 - share) * batch.labels
    logits = student(batch.packed, SEGMENTS, (3, 4))
    entropy = [F.binary_cross_entropy_with_logits(row, target).item() for row in logits]
    expected = (2 * entropy[0] + 4 * entropy[1]) / 6
    assert score_loss(student, TEACHER, batch, SEGMENTS, share).item() == pytest.approx(expected, rel=1e-5)


def test_a_student_that_answers_as_its_teacher_has_no_gradient(batch: LabelledBatch) -> None:
    student = make_model(teacher_shape(), seed=1)
    score_loss(student, TEACHER, batch, PREFIX, 1.0).backward()
    largest = max(float(p.grad.abs().max()) for p in student.parameters() if p.grad is not None)
    assert largest < 1e-6


def test_the_teacher_is_left_alone(batch: LabelledBatch) -> None:
    student = make_model(shape())
    score_loss(student, TEACHER, batch, PREFIX, 0.5).backward()
    assert all(parameter.grad is None for parameter in TEACHER.parameters())
    assert all(parameter.grad is not None for parameter in student.parameters())


def test_two_thirds_of_the_steps_train_the_first_plan_and_the_rest_take_turns() -> None:
    others = tuple(segments_plan(handover) for handover in (1, 2, 3))
    taken = Counter(plan_of_step((PREFIX, *others), step).handover for step in range(90))
    assert taken == {0: 60, 1: 10, 2: 10, 3: 10}
    assert [plan_of_step((PREFIX, SEGMENTS), step).name for step in range(4)] == [
        "prefix",
        "prefix",
        "segments",
        "prefix",
    ]
    assert {plan_of_step((PREFIX,), step) for step in range(9)} == {PREFIX}
