"""Ranking models with one part changed, for ablations.py."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cloud.ranking.layers import Layer
from cloud.ranking.match import Match, MatchVectors
from cloud.ranking.model import RankingModel
from cloud.ranking.shape import RankingShape
from cloud.ranking.timelines import WindowTable

CERTAIN = 10.0  # its tanh is 1


class LastToken(RankingModel):
    """A summary is the state of the last token, not the mean over all."""

    def summaries(self, tokens: Tensor, applications: int) -> Tensor:
        hidden, real = self.encoded(tokens, applications)  # (text, token, hidden)
        last = (real * torch.arange(1, tokens.shape[1] + 1)).argmax(1)
        chosen = F.one_hot(last, tokens.shape[1]).to(hidden.dtype)
        summary: Tensor = self.summary_norm((hidden * chosen[..., None]).sum(1))
        return summary


class TwoSets(RankingModel):
    """One layer's weights at every encode depth, another's at every interact depth."""

    def __init__(self, shape: RankingShape, *dropouts: float) -> None:
        super().__init__(shape, *dropouts)
        self.layers = nn.ModuleList([self.layers[0], self.layers[shape.encode_layers]])

    def layer(self, depth: int) -> Layer:
        found = self.layers[int(depth >= self.shape.encode_layers)]
        assert isinstance(found, Layer)
        return found


class PartOfMatch(Match):
    """A match of whose features, (best, weighted value, mean match, no events), those not in `kept` are 0."""

    def __init__(self, shape: RankingShape, kept: tuple[bool, bool, bool, bool]) -> None:
        super().__init__(shape)
        heads = shape.match_heads
        self.register_buffer("kept", torch.tensor(kept).repeat_interleave(torch.tensor([heads] * 3 + [1])))

    def forward(self, vectors: MatchVectors, table: WindowTable) -> Tensor:
        features: Tensor = super().forward(vectors, table) * self.kept
        return features


class WithoutMatch(RankingModel):
    def __init__(self, shape: RankingShape, *dropouts: float) -> None:
        super().__init__(shape, *dropouts)
        self.match = PartOfMatch(shape, (False, False, False, False)).requires_grad_(False)


class MeanMatchOnly(RankingModel):
    def __init__(self, shape: RankingShape, *dropouts: float) -> None:
        super().__init__(shape, *dropouts)
        part = PartOfMatch(shape, (False, False, True, True))
        part.load_state_dict(self.match.state_dict(), strict=False)  # as in the base
        self.match = part


class WithoutMatchValues(RankingModel):
    """What a match with an event says is 1, whatever its phrase; the phrase still says how much the event counts."""

    def __init__(self, shape: RankingShape, *dropouts: float) -> None:
        super().__init__(shape, *dropouts)
        nn.init.zeros_(self.match.value.weight)
        nn.init.constant_(self.match.value.bias, CERTAIN)
        self.match.value.requires_grad_(False)
