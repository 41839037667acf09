"""Score distillation: the student answers as the teacher does, at every exit."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from cloud.attention import PREFIX, Plan
from cloud.batches import LabelledBatch
from cloud.model import Encoder
from cloud.objectives import exit_weighted


def score_loss(student: Encoder, teacher: Encoder, batch: LabelledBatch, plan: Plan, teacher_share: float) -> Tensor:
    """Cross-entropy with a mix of the label and the teacher's probability, weighted over the plan's exits.

    `teacher_share` is the teacher's part of the target, 0 to 1. The teacher sees the request in full.
    """
    with torch.no_grad():
        probability = teacher(batch.packed, PREFIX, (teacher.config.layers,)).sigmoid()  # (1, candidates)
    target = teacher_share * probability + (1.0 - teacher_share) * batch.labels
    logits = student(batch.packed, plan, plan.exits(student.config.exit_depths))  # (exits, candidates)
    losses = F.binary_cross_entropy_with_logits(logits, target.expand_as(logits), reduction="none").mean(1)
    return exit_weighted(losses)


def plan_of_step(plans: tuple[Plan, ...], step: int, every: int = 3) -> Plan:
    """The plan to train at a step: the first one, and each `every` steps the next of the others."""
    if len(plans) == 1 or step % every != every - 1:
        return plans[0]
    return plans[1 + (step // every) % (len(plans) - 1)]
