"""What the teacher reads and a phone cannot compute, told by the student from what it has.

A feature that is known in training alone can be distilled itself, beside the scores that it went into (Xu et al.,
2020, arXiv 1907.05171).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cloud.ranking.layers import precise
from cloud.ranking.model import RankingModel
from cloud.ranking.timelines import TimelineBatch


class FurtherNumber(nn.Module):
    """Squared error at every exit of a linear map from match and state to the first number after the model's own.

    The map is trained beside the model and dropped with the loss.
    """

    def __init__(self, model: RankingModel, weight: float) -> None:
        super().__init__()
        self.weight, self.place = weight, model.shape.numbers
        self.map = nn.Linear(model.match.features + model.shape.hidden_size, 1)

    def forward(self, batch: TimelineBatch, matched: Tensor, states: Sequence[Tensor]) -> Tensor:
        """(exit,) from `matched`, (user, candidate, feature), and the candidates' states at each exit."""
        wanted = batch.offered_numbers[..., self.place]  # (user, candidate), standardised
        known = batch.real & ~wanted.isnan()
        target = torch.where(known, wanted, 0.0)
        errors = []
        for candidates in states:
            state = F.layer_norm(precise(candidates), candidates.shape[-1:])
            found = precise(self.map(torch.cat([matched, state], -1))[..., 0])
            errors.append((F.mse_loss(found, target, reduction="none") * known).sum() / known.sum().clamp(min=1))
        return torch.stack(errors)
