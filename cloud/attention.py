"""Which tokens attend to which, as masks of one sequence (UniLM; M6-Rec, sections 3.1 and 3.3)."""

from __future__ import annotations

import torch
from torch import Tensor

from cloud.packing import Packed

MASKED = -1e9  # additive mask for disallowed attention; finite, so that a row of padding stays a number


def attention_masks(packed: Packed) -> tuple[Tensor, Tensor]:
    """Additive masks, (batch, 1, seq, seq): where each segment sees itself alone, and where all are seen together.

    The user side is bidirectional and never sees a candidate; a candidate sees the user side and, causally, itself.
    """
    same_segment = packed.segments[:, :, None] == packed.segments[:, None, :]
    causal = packed.positions[:, :, None] >= packed.positions[:, None, :]
    seen_is_candidate = packed.is_candidate[:, None, :]
    real = (packed.segments >= 0)[:, None, :]
    own = same_segment & (causal | ~seen_is_candidate)  # within a segment
    together = real & (own | ~seen_is_candidate)
    return _additive(own), _additive(together)


def _additive(allowed: Tensor) -> Tensor:
    mask = torch.zeros(allowed.shape, device=allowed.device)
    return mask.masked_fill_(~allowed, MASKED)[:, None]
