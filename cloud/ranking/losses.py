"""What a ranking model learns from: labels, and the order of labels within a window of one user."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cloud.ranking.model import RankingModel
from cloud.ranking.timelines import TimelineBatch, WindowTable

EXIT_0 = 0.3  # weight of the exit before any interact layer, beside those of the others


def exit_weights(interact_layers: int) -> Tensor:
    """(exit,) 2 k / (K (K + 1)) for exit k of K (M6-Rec, section 3.4), and a share for exit 0; they sum to 1."""
    depths = torch.arange(interact_layers + 1, dtype=torch.float32)
    weights = 2 * depths / max(interact_layers * (interact_layers + 1), 1)
    weights[0] = EXIT_0
    return weights / weights.sum()


def depth_of_step(depths: Sequence[int], step: int) -> int:
    """The encode depth to train at a step: the deepest, and each third step one of the others in turn."""
    *early, deepest = depths
    return early[step // 3 % len(early)] if early and step % 3 == 2 else deepest


def ranking_loss(
    model: nn.Module, batch: TimelineBatch, order_weight: float, encode_depth: int | None = None
) -> tuple[Tensor, dict[str, float]]:
    """Cross-entropy of every target at every exit, and `order_weight` times the loss on pairs of one window."""
    assert isinstance(model, RankingModel)
    scores = model(batch, encode_depth)
    logits = batch.targets(scores)  # (exit, target)
    weights = exit_weights(model.shape.interact_layers).to(logits.device)
    each = F.binary_cross_entropy_with_logits(logits, batch.labels.expand_as(logits), reduction="none")
    loss = (weights * each.mean(1)).sum()
    if order_weight:
        loss = loss + order_weight * (weights * order_loss(scores, batch.tables)).sum()
    return loss, {"click": float(each[-1].mean().detach()), "targets": float(logits.shape[1])}


def order_loss(scores: Sequence[Tensor], tables: Sequence[WindowTable]) -> Tensor:
    """(exit,) mean over pairs of a liked and another candidate of one window: log(1 + exp(other - liked)).

    `scores`: (exit, user, candidate) of each table. What a user's level adds to all candidates cancels out.
    """
    losses, counts = [], []
    for score, table in zip(scores, tables, strict=True):
        pairs = table.labels[:, :, None] > table.labels[:, None, :]
        pairs = pairs & table.real[:, :, None] & table.real[:, None, :]
        differences = score[:, :, :, None] - score[:, :, None, :]  # (exit, user, liked, other)
        losses.append(F.softplus(-differences[:, pairs]).sum(1))
        counts.append(pairs.sum())
    return torch.stack(losses).sum(0) / torch.stack(counts).sum().clamp(min=1)
