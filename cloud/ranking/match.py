"""The explicit comparison of a candidate's item with the items of the timeline, in float whatever the rest is in."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cloud.ranking.layers import MASKED, precise
from cloud.ranking.shape import RankingShape


class Match(nn.Module):
    """Per way of weighing events: the best match, the mean value weighted by match, the mean match."""

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
        return 3 * len(self.sharpness) + 1

    def forward(self, candidates: Tensor, events: Tensor, phrases: Tensor, sees: Tensor) -> Tensor:
        """(user, candidate, feature), from summaries (user, candidate or event, hidden), the events' phrases and
        which events a candidate sees, (user, candidate, event) as booleans. Without any: 0, and the flag 1."""
        asked = F.normalize(precise(self.of_candidate(candidates)), dim=-1)
        kept = F.normalize(precise(self.of_event(events)), dim=-1)
        cosine = precise(asked @ kept.transpose(1, 2))[:, None]  # (user, 1, candidate, event)
        gate = F.logsigmoid(_by_head(self.gate(phrases)))  # (user, head, 1, event)
        value = torch.tanh(_by_head(self.value(phrases)))
        sharp = precise(self.sharpness).exp()[:, None]
        gate = gate + torch.where(sees, 0.0, MASKED)[:, None]  # (user, head, candidate, event)
        logits = cosine * sharp[:, None] + gate
        weights = logits.softmax(-1)
        # The logarithm of the sum of exponentials is any logit less the logarithm of its weight. torch.logsumexp takes
        # ten times as long where exponentials of masked events underflow.
        top = logits.detach().argmax(-1, keepdim=True)
        best = (logits.gather(-1, top) - weights.gather(-1, top).log())[..., 0] / sharp
        weighted = (weights * value).sum(-1)
        mean = (gate.softmax(-1) * value * cosine).sum(-1)
        features = torch.cat([best, weighted, mean], 1).transpose(1, 2)
        some = sees.any(-1)[..., None]
        return torch.cat([torch.where(some, features, 0.0), (~some).to(features.dtype)], -1)


def _by_head(values: Tensor) -> Tensor:
    """(user, event, head) -> (user, head, 1, event), copied: sums with it would be laid out as it is."""
    return precise(values).transpose(1, 2).contiguous()[:, :, None]
