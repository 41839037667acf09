"""The third phase: at every exit, the student's scores are the teacher's and the labels', and so is their order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from cloud.data.rows import Prepared
from cloud.ranking.batches import WindowBatches
from cloud.ranking.kept_scores import kept_scores
from cloud.ranking.losses import depth_of_step, exit_weights, order_loss
from cloud.ranking.model import RankingModel
from cloud.ranking.timelines import TimelineBatch
from cloud.runs.directory import Run
from distill.ranking.factors import FactorTargets, factor_loss

FACTORS = 0.2  # weight of the factors' squared error


@dataclass(frozen=True)
class TaughtBatch:
    """Timelines, and the teacher's logits of their candidates, (user, candidate).

    `factors`: (segment, factor) what the summaries tell of collaborative filtering, if the model has any.
    """

    timelines: TimelineBatch
    teacher: Tensor
    factors: Tensor | None = None


class TaughtBatches:
    """The batches of some windows with the teacher's logits of their rows."""

    def __init__(
        self, windows: WindowBatches, logits: NDArray[np.float32], factors: FactorTargets | None = None
    ) -> None:
        """`logits`: (row,) of the prepared run, as `teacher_logits` gives them."""
        self.windows, self.logits, self.factors = windows, torch.from_numpy(logits), factors

    def __call__(self, number: int) -> TaughtBatch:
        batch = self.windows(number)
        factors = None if self.factors is None else self.factors.of_text[batch.texts]
        return TaughtBatch(batch, torch.where(batch.real, self.logits[batch.rows], 0.0), factors)


def distilled_loss(
    teacher_share: float, order_weight: float, model: nn.Module, batch: TaughtBatch, step: int
) -> tuple[Tensor, dict[str, float]]:
    """Cross-entropy of every target at every exit, and `order_weight` times the loss on pairs of one window.

    Of both, `teacher_share` is learned from the teacher's probabilities, the rest from the labels: with 0 it is the
    loss that a model without a teacher learns from.
    """
    assert isinstance(model, RankingModel)
    timelines, real = batch.timelines, batch.timelines.real
    entries = model.entries(timelines, depth_of_step(model.shape.encode_depths, step))
    scores = model.scores(timelines, entries)  # (exit, user, candidate)
    weights = exit_weights(model.shape.interact_layers).to(scores.device)
    target = teacher_share * batch.teacher.sigmoid() + (1 - teacher_share) * timelines.labels
    each = F.binary_cross_entropy_with_logits(scores, target.expand_as(scores), reduction="none")
    loss = (weights * each[:, real].mean(1)).sum()
    if order_weight:
        order = (1 - teacher_share) * order_loss(scores, timelines.labels, real)
        if teacher_share:
            order = order + teacher_share * soft_order_loss(scores, batch.teacher, real)
        loss = loss + order_weight * (weights * order).sum()
    figures = {"target": float(each[-1][real].mean().detach()), "targets": float(real.sum())}
    if batch.factors is not None:
        factors = factor_loss(model, entries.segments, batch.factors)
        loss, figures["factors"] = loss + FACTORS * factors, float(factors.detach())
    return loss, figures


def soft_order_loss(scores: Tensor, teacher: Tensor, real: Tensor) -> Tensor:
    """(exit,) mean over pairs of one window: cross-entropy of which is better, as likely as the teacher has it.

    What a model adds to all candidates of a window falls out of it, on both sides.
    """
    pairs = real[:, :, None] & real[:, None, :]
    pairs = pairs & ~torch.eye(real.shape[1], dtype=torch.bool, device=real.device)  # (user, one, other)
    differences = scores[:, :, :, None] - scores[:, :, None, :]
    better = (teacher[:, :, None] - teacher[:, None, :]).sigmoid()
    each = F.binary_cross_entropy_with_logits(differences, better.expand_as(differences), reduction="none")
    return (each * pairs).sum((1, 2, 3)) / pairs.sum().clamp(min=1)


def teacher_logits(teacher_run: Run, prepared: Prepared) -> NDArray[np.float32]:
    """(row,) the logits that the teacher kept of its deepest exit; NaN but for training rows."""
    logits = np.full(len(prepared.column("label")), np.nan, dtype=np.float32)
    logits[prepared.part("train")] = kept_scores(teacher_run, "train")
    return logits
