"""The explicit comparison of a candidate's item with the items of the timeline, in float whatever the rest is in."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cloud.ranking.layers import MASKED, precise
from cloud.ranking.shape import RankingShape
from cloud.ranking.timelines import WindowTable


@dataclass(frozen=True)
class MatchVectors:
    """What summaries are compared by: `asked` of a candidate, `kept` of an event, (segment, match size), of length 1;
    of an event's phrase, (phrase, head), the logarithm of how much it counts, and its value."""

    asked: Tensor
    kept: Tensor
    gate: Tensor
    value: Tensor


class Match(nn.Module):
    """For each match head: the best match, the mean value weighted by match, the mean match."""

    def __init__(self, shape: RankingShape) -> None:
        super().__init__()
        hidden, heads = shape.hidden_size, shape.match_heads
        self.of_candidate = nn.Linear(hidden, shape.match_size, bias=False)
        self.of_event = nn.Linear(hidden, shape.match_size, bias=False)
        self.gate = nn.Linear(hidden, heads)  # of an event, from its phrase: how much it counts
        self.value = nn.Linear(hidden, heads)  # and what a match with it says
        self.sharpness = nn.Parameter(torch.full((heads,), 2.0))  # logarithm of the inverse temperature

    @property
    def features(self) -> int:
        """How many features match gives: three for each match head, and one for no events."""
        return 3 * len(self.sharpness) + 1

    def vectors(self, segments: Tensor, phrases: Tensor) -> MatchVectors:
        """Of summaries, (segment, hidden) and (phrase, hidden): once for a batch, not at every place of a timeline."""
        asked = F.normalize(precise(self.of_candidate(segments)), dim=-1)
        kept = F.normalize(precise(self.of_event(segments)), dim=-1)
        gate = F.logsigmoid(precise(self.gate(phrases)))
        return MatchVectors(asked, kept, gate, torch.tanh(precise(self.value(phrases))))

    def forward(self, vectors: MatchVectors, table: WindowTable) -> Tensor:
        """(user, candidate, feature); for a candidate that sees no event: 0, and the flag 1."""
        asked = F.embedding(table.offered, vectors.asked)  # (user, candidate, size)
        kept = F.embedding(table.item, vectors.kept)  # (user, event, size)
        cosine = precise(asked @ kept.transpose(1, 2))[:, None]  # (user, 1, candidate, event)
        gate, value = (_by_head(table.phrase, each) for each in (vectors.gate, vectors.value))
        sharp = precise(self.sharpness).exp()[:, None]
        gate = gate + torch.where(table.sees, 0.0, MASKED)[:, None]  # (user, head, candidate, event)
        logits = cosine * sharp[:, None] + gate
        weights = logits.softmax(-1)
        # The logarithm of the sum of exponentials is any logit less the logarithm of its weight. torch.logsumexp takes
        # ten times as long where exponentials of masked events underflow.
        top = logits.detach().argmax(-1, keepdim=True)
        best = (logits.gather(-1, top) - weights.gather(-1, top).log())[..., 0] / sharp
        weighted = (weights * value).sum(-1)
        mean = (gate.softmax(-1) * value * cosine).sum(-1)
        features = torch.cat([best, weighted, mean], 1).transpose(1, 2)
        some = table.sees.any(-1)[..., None]
        return torch.cat([torch.where(some, features, 0.0), (~some).to(features.dtype)], -1)


def _by_head(phrase: Tensor, values: Tensor) -> Tensor:
    """(user, event) phrases and their (phrase, head) values -> (user, head, 1, event), copied: sums with it would be
    laid out as it is."""
    return F.embedding(phrase, values).transpose(1, 2).contiguous()[:, :, None]
