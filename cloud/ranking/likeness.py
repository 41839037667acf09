"""Item-item collaborative filtering without a table of items: an item's factors are read off its summary."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cloud.ranking.shape import RankingShape
from cloud.ranking.timelines import WindowTable
from edge.engines.shape import NO_LIKENESS, OVERALL
from edge.text.number import CLIP


class Likeness(nn.Module):
    """A candidate's number: the user's centred values of events, weighted by the products of their items' factors."""

    unit: Tensor
    overall: Tensor
    mean: Tensor
    spread: Tensor

    def __init__(self, shape: RankingShape) -> None:
        super().__init__()
        self.factors = nn.Linear(shape.hidden_size, shape.factors)
        self.register_buffer("unit", torch.ones(()))  # of the factors, which are learned in spreads of their own
        self.register_buffer("overall", torch.zeros(()))  # mean of all values
        self.register_buffer("mean", torch.zeros(()))  # of the number over training rows
        self.register_buffer("spread", torch.ones(()))

    def forward(self, factors: Tensor, table: WindowTable) -> Tensor:
        """(user, candidate), standardised; NaN without events. From the factors (segment, factor) of the texts."""
        asked, kept = F.embedding(table.offered, factors), F.embedding(table.item, factors)
        seen = table.sees.to(factors.dtype)
        count = seen.sum(-1)
        level = self.overall + (seen @ (table.values - self.overall)[..., None])[..., 0] / (count + OVERALL)
        likeness = (asked @ kept.transpose(1, 2)) * self.unit**2 * seen  # (user, candidate, event)
        centred = table.values[:, None] - level[..., None]
        number = (likeness * centred).sum(-1) / (likeness.abs().sum(-1) + NO_LIKENESS)
        standard = ((number - self.mean) / self.spread).clamp(-CLIP, CLIP)
        return torch.where(count > 0, standard, torch.nan)
