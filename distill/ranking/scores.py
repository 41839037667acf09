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
from distill.ranking.further import FurtherNumber


@dataclass(frozen=True)
class TaughtBatch:
    """Timelines, and the teacher's logits of their candidates, (user, candidate)."""

    timelines: TimelineBatch
    teacher: Tensor


class TaughtBatches:
    """The batches of some windows with the teacher's logits of their rows."""

    def __init__(self, windows: WindowBatches, logits: NDArray[np.float32]) -> None:
        """`logits`: (row,) of the prepared run, as `teacher_logits` gives them."""
        self.windows, self.logits = windows, torch.from_numpy(logits)

    def __call__(self, number: int) -> TaughtBatch:
        batch = self.windows(number)
        return TaughtBatch(batch, torch.where(batch.real, self.logits[batch.rows], 0.0))


class DistilledLoss(nn.Module):
    """Cross-entropy of every target at every exit, and `order_weight` times the loss on pairs of one window.

    Of both, `teacher_share` is learned from the teacher's probabilities, the rest from the labels: with 0 it is the
    loss that a model without a teacher learns from. `further` adds what the teacher reads and the model does not.
    """

    def __init__(self, teacher_share: float, order_weight: float, further: FurtherNumber | None = None) -> None:
        super().__init__()
        self.teacher_share, self.order_weight, self.further = teacher_share, order_weight, further

    def forward(self, model: nn.Module, batch: TaughtBatch, step: int) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(model, RankingModel)
        timelines, real = batch.timelines, batch.timelines.real
        entries = model.entries(timelines, depth_of_step(model.shape.encode_depths, step))
        states = [candidates for _, candidates in model.states(timelines, entries)]
        scores = model.logits(entries, states)  # (exit, user, candidate)
        weights = exit_weights(model.shape.interact_layers).to(scores.device)
        target = self.teacher_share * batch.teacher.sigmoid() + (1 - self.teacher_share) * timelines.labels
        each = F.binary_cross_entropy_with_logits(scores, target.expand_as(scores), reduction="none")
        loss = (weights * each[:, real].mean(1)).sum()
        figures = {"target": float(each[-1][real].mean().detach()), "targets": float(real.sum())}
        if self.order_weight:
            loss = loss + self.order_weight * (weights * self._order(scores, batch)).sum()
        if self.further is not None:
            error = self.further(timelines, entries.matched, states)  # (exit,)
            loss = loss + self.further.weight * (weights * error).sum()
            figures["further number"] = float(error[-1].detach())
        return loss, figures

    def _order(self, scores: Tensor, batch: TaughtBatch) -> Tensor:
        """(exit,)"""
        timelines = batch.timelines
        order = (1 - self.teacher_share) * order_loss(scores, timelines.labels, timelines.real)
        if self.teacher_share:
            order = order + self.teacher_share * soft_order_loss(scores, batch.teacher, timelines.real)
        return order


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
