"""What a ranking model learns from: labels, and the order of labels within a window of one user."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cloud.ranking.model import RankingModel
from cloud.ranking.timelines import TimelineBatch

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
    weights = exit_weights(model.shape.interact_layers).to(scores.device)
    labels, real = batch.labels, batch.real
    each = F.binary_cross_entropy_with_logits(scores, labels.expand_as(scores), reduction="none")
    loss = (weights * each[:, real].mean(1)).sum()
    if order_weight:
        loss = loss + order_weight * (weights * order_loss(scores, labels, real)).sum()
    return loss, {"click": float(each[-1][real].mean().detach()), "targets": float(real.sum())}


def order_loss(scores: Tensor, labels: Tensor, real: Tensor) -> Tensor:
    """(exit,) mean over pairs of a liked and another candidate of one window: log(1 + exp(other - liked)).

    What a user's mood adds to all candidates falls out of it.
    """
    pairs = (labels[:, :, None] > labels[:, None, :]) & real[:, :, None] & real[:, None, :]
    differences = scores[:, :, :, None] - scores[:, :, None, :]  # (exit, user, liked, other)
    return F.softplus(-differences[:, pairs]).sum(1) / pairs.sum().clamp(min=1)
