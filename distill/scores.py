"""The third phase: at every exit, the student's scores are the teacher's and the labels', and so is their order."""

from __future__ import annotations

from collections.abc import Sequence
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
from cloud.ranking.timelines import TimelineBatch, WindowTable
from cloud.runs.directory import Run
from distill.factors import FactorTargets, factor_loss

FACTORS = 0.2  # weight of the factors' squared error


@dataclass(frozen=True)
class TaughtBatch:
    """Timelines, and the teacher's logits of their candidates, (user, candidate) for each table.

    `factors`: (segment, factor) what the summaries tell of collaborative filtering, if the model has any.
    """

    timelines: TimelineBatch
    teacher: tuple[Tensor, ...]
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
        teacher = tuple(torch.where(one.real, self.logits[one.rows], 0.0) for one in batch.tables)
        return TaughtBatch(batch, teacher, factors)


def distilled_loss(
    teacher_share: float, order_weight: float, model: nn.Module, batch: TaughtBatch, step: int
) -> tuple[Tensor, dict[str, float]]:
    """Cross-entropy of every target at every exit, and `order_weight` times the loss on pairs of one window.

    Of both, `teacher_share` is learned from the teacher's probabilities, the rest from the labels: with 0 it is the
    loss that a model without a teacher learns from.
    """
    assert isinstance(model, RankingModel)
    timelines = batch.timelines
    summaries = model.summarised(timelines, depth_of_step(model.shape.encode_depths, step))
    scores = model.logits(timelines, summaries)
    logits = timelines.targets(scores)  # (exit, target)
    weights = exit_weights(model.shape.interact_layers).to(logits.device)
    target = teacher_share * timelines.targets(batch.teacher).sigmoid() + (1 - teacher_share) * timelines.labels
    each = F.binary_cross_entropy_with_logits(logits, target.expand_as(logits), reduction="none")
    loss = (weights * each.mean(1)).sum()
    if order_weight:
        order = (1 - teacher_share) * order_loss(scores, timelines.tables)
        if teacher_share:
            order = order + teacher_share * soft_order_loss(scores, batch.teacher, timelines.tables)
        loss = loss + order_weight * (weights * order).sum()
    figures = {"target": float(each[-1].mean().detach()), "targets": float(logits.shape[1])}
    if summaries.factors is not None and batch.factors is not None:
        factors = factor_loss(summaries.factors, batch.factors)
        loss, figures["factors"] = loss + FACTORS * factors, float(factors.detach())
    return loss, figures


def soft_order_loss(scores: Sequence[Tensor], teacher: Sequence[Tensor], tables: Sequence[WindowTable]) -> Tensor:
    """(exit,) mean over pairs of one window: cross-entropy of which is better, as likely as the teacher has it.

    What a model adds to all candidates of a window cancels out, on both sides.
    """
    losses, counts = [], []
    for score, taught, table in zip(scores, teacher, tables, strict=True):
        pairs = table.real[:, :, None] & table.real[:, None, :]
        pairs = pairs & ~torch.eye(pairs.shape[1], dtype=torch.bool, device=pairs.device)  # (user, one, other)
        differences = score[:, :, :, None] - score[:, :, None, :]
        better = (taught[:, :, None] - taught[:, None, :]).sigmoid()
        each = F.binary_cross_entropy_with_logits(differences, better.expand_as(differences), reduction="none")
        losses.append((each * pairs).sum((1, 2, 3)))
        counts.append(pairs.sum())
    return torch.stack(losses).sum(0) / torch.stack(counts).sum().clamp(min=1)


def teacher_logits(teacher_run: Run, prepared: Prepared) -> NDArray[np.float32]:
    """(row,) the logits that the teacher kept of its deepest exit; NaN but for training rows."""
    logits = np.full(len(prepared.column("label")), np.nan, dtype=np.float32)
    logits[prepared.part("train")] = kept_scores(teacher_run, "train")
    return logits
