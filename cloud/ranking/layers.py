"""The transformer layer of both stages: over the tokens of a segment, and over the entries of a timeline."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cloud.ranking.shape import RankingShape

MASKED = -1e4  # additive; finite, so that a row of padding stays a number, also in float16


def precise(values: Tensor) -> Tensor:
    """At least in float32, whatever the layers run in."""
    return values.to(torch.promote_types(values.dtype, torch.float32))


def attend(queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor) -> Tensor:
    """Attention with an additive mask, each (batch, head, seq, head width): the fused form of torch for the processor
    takes twice as long for rows as short as these, most of it backward."""
    if queries.is_cuda:
        return F.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)
    weights = (queries * queries.shape[-1] ** -0.5 @ keys.transpose(2, 3) + mask).softmax(-1)
    return weights.to(values.dtype) @ values


class Layer(nn.Module):
    """Pre-norm; the same weights step tokens within a segment and entries of a timeline."""

    def __init__(self, shape: RankingShape, dropout: float) -> None:
        super().__init__()
        hidden, inner = shape.hidden_size, shape.hidden_size * shape.feed_forward
        self.heads, self.dropout = shape.heads, dropout
        self.attention_norm = nn.LayerNorm(hidden)
        self.attention_in = nn.Linear(hidden, 3 * hidden)  # queries, keys, values
        self.attention_out = nn.Linear(hidden, hidden)
        self.feed_forward_norm = nn.LayerNorm(hidden)
        self.feed_forward_in = nn.Linear(hidden, inner)
        self.feed_forward_out = nn.Linear(inner, hidden)

    def tokens(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Segments, (segment, token, hidden); `mask` is additive, (segment, 1, 1, token): each sees itself alone."""
        queries, keys, values = self.projected(hidden)
        return self._finish(hidden, attend(queries, keys, values, mask))

    def entries(
        self, timeline: Tensor, candidates: Tensor, past: Tensor, seen: Tensor, last: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Timelines, (user, entry, hidden), and candidates, (user, candidate, hidden), one step further; the `last`
        step leaves the timeline as it is, because nothing reads it afterwards.

        `past` is additive, (user, head, entry, entry): an entry sees those up to itself. `seen`, (user, head,
        candidate, entry + 1): a candidate sees the timeline before it and, in the last place, itself.
        """
        entries, both = timeline.shape[1], torch.cat([timeline, candidates], 1)
        queries, keys, values = self.projected(both)
        past_keys, past_values = keys[:, :, :entries], values[:, :, :entries]
        asking, own_keys, own_values = (part[:, :, entries:] for part in (queries, keys, values))
        scale = asking.shape[-1] ** -0.5
        to_past = asking @ past_keys.transpose(2, 3) * scale  # (user, head, candidate, entry)
        to_itself = (asking * own_keys).sum(-1, keepdim=True) * scale
        weights = (torch.cat([to_past, to_itself], -1) + seen).softmax(-1)
        answered = weights[..., :-1] @ past_values + weights[..., -1:] * own_values
        if last:
            return timeline, self._finish(candidates, answered)
        attended = torch.cat([attend(queries[:, :, :entries], past_keys, past_values, past), answered], 2)
        both = self._finish(both, attended)
        return both[:, :entries], both[:, entries:]

    def projected(self, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values: (batch, seq, hidden) -> three of (batch, head, seq, head width)."""
        batch, seq, width = hidden.shape
        split = self.attention_in(self.attention_norm(hidden)).view(batch, seq, 3, self.heads, width // self.heads)
        queries, keys, values = split.permute(2, 0, 3, 1, 4).unbind(0)
        return queries, keys, values

    def _finish(self, hidden: Tensor, attended: Tensor) -> Tensor:
        hidden = hidden + self._dropped(self.attention_out(attended.transpose(1, 2).flatten(2)))
        inner = F.gelu(self.feed_forward_in(self.feed_forward_norm(hidden)))
        return hidden + self._dropped(self.feed_forward_out(inner))

    def _dropped(self, hidden: Tensor) -> Tensor:
        return dropped(hidden, self.dropout) if self.training and self.dropout else hidden


def dropped(hidden: Tensor, share: float) -> Tensor:
    """Dropout, the share in steps of 1/256: a byte for each element, where torch draws a number on the processor."""
    if hidden.is_cuda:
        return F.dropout(hidden, share)
    words = torch.empty(-(-hidden.numel() // 8), dtype=torch.int64).random_(-(2**63), None)
    draws = words.view(torch.uint8)[: hidden.numel()].view(hidden.shape)
    limit = min(round(share * 256), 255)
    return hidden * (draws >= limit).to(hidden.dtype).mul_(256 / (256 - limit))
