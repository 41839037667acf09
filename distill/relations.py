"""MiniLM self-attention relations (Wang et al., 2021, arXiv 2012.15828)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from cloud.attention import PREFIX, attention_masks
from cloud.model import Encoder
from cloud.packing import Packed


def relation_loss(student: Encoder, teacher: Encoder, packed: Packed, relation_heads: int) -> Tensor:
    """Mean over Q-Q, K-K and V-V of KL(teacher || student) of the last layers' relations, over real tokens."""
    with torch.no_grad():
        targets = last_layer_vectors(teacher, packed)
    own = last_layer_vectors(student, packed)
    _, mask = attention_masks(packed, PREFIX)
    losses = [
        _relation_divergence(wanted, made, mask, packed.real, relation_heads)
        for wanted, made in zip(targets, own, strict=True)
    ]
    return torch.stack(losses).mean()


def last_layer_vectors(model: Encoder, packed: Packed) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values of the last layer, each (batch, seq, hidden)."""
    *_, before_last, _ = model.states(packed, PREFIX)
    vectors = model.layer(model.config.layers).queries_keys_values(before_last)
    queries, keys, values = (vector.transpose(1, 2).flatten(2) for vector in vectors)
    return queries, keys, values


def _relation_divergence(target: Tensor, own: Tensor, mask: Tensor, real: Tensor, relation_heads: int) -> Tensor:
    """KL between relations; only the number of relation heads must agree, not widths or attention heads."""
    with torch.no_grad():
        wanted = _relation_logits(target, mask, relation_heads).softmax(-1)
    made = _relation_logits(own, mask, relation_heads).log_softmax(-1)
    divergence = F.kl_div(made, wanted, reduction="none").sum(-1)  # (batch, relation heads, seq)
    return divergence.mean(1)[real].mean()


def _relation_logits(vectors: Tensor, mask: Tensor, relation_heads: int) -> Tensor:
    """(batch, seq, hidden) -> (batch, relation heads, seq, seq), scaled and masked."""
    batch, seq, width = vectors.shape
    split = vectors.view(batch, seq, relation_heads, width // relation_heads).transpose(1, 2)
    return split @ split.transpose(2, 3) * (width // relation_heads) ** -0.5 + mask
