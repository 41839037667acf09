"""Who may look at whom: the three attention plans as masks of one model (UniLM; M6-Rec, section 3.3)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from cloud.packing import Packed

MASKED = -1e9  # additive mask of a forbidden look; finite, so that a row of padding stays a number


@dataclass(frozen=True)
class Plan:
    """How a request is computed. Before depth `handover` each segment sees itself alone."""

    name: str
    handover: int = 0

    def exits(self, depths: tuple[int, ...]) -> tuple[int, ...]:
        """The depths at which a candidate has seen the user."""
        return tuple(depth for depth in depths if depth > self.handover)


FULL = Plan("full")  # every candidate in a sequence of its own, nothing cached
PREFIX = Plan("prefix")  # the user side once, any number of candidates against it: the same scores


def segments_plan(handover: int) -> Plan:
    """Late interaction: what a segment computes alone stays valid while its text does."""
    return Plan("segments", handover)


def attention_masks(packed: Packed, plan: Plan) -> tuple[Tensor | None, Tensor]:
    """Additive masks, (batch, 1, seq, seq), before and after the hand-over; the first is None if nothing is before.

    The user side is bidirectional and never sees a candidate; a candidate sees the user side and, causally, itself.
    """
    same_segment = packed.segments[:, :, None] == packed.segments[:, None, :]
    causal = packed.positions[:, :, None] >= packed.positions[:, None, :]
    seen_is_candidate = packed.is_candidate[:, None, :]
    real = (packed.segments >= 0)[:, None, :]
    own = same_segment & (causal | ~seen_is_candidate)  # within a segment
    together = real & (own | ~seen_is_candidate)
    alone = _additive(own) if plan.handover else None
    return alone, _additive(together)


def _additive(allowed: Tensor) -> Tensor:
    mask = torch.zeros(allowed.shape, device=allowed.device)
    return mask.masked_fill_(~allowed, MASKED)[:, None]
