"""What the full model learns: to predict a click, and before that, to fill in text (M6-Rec, section 3.1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from cloud.batches import LabelledBatch
from cloud.model import Encoder
from cloud.packing import Packed, pack
from edge.text.wordpiece import BOS, EOS, MASK

LONGEST_SPAN = 6  # tokens hidden in one place


def click_loss(model: Encoder, batch: LabelledBatch) -> Tensor:
    """Cross-entropy of the label."""
    return F.binary_cross_entropy_with_logits(model(batch.packed), batch.labels)


@dataclass(frozen=True)
class InfillBatch:
    packed: Packed
    targets: Tensor  # (batch, seq) next token on the candidate side, -100 elsewhere


def infill_loss(model: Encoder, batch: InfillBatch, log_frequencies: Tensor) -> Tensor:
    """Cross-entropy of the hidden spans' tokens, generated left to right on the candidate side.

    `log_frequencies`, (vocabulary,), are added to the logits: so the embeddings need not learn which tokens are common,
    which would make all of them alike.
    """
    *_, hidden = model.states(batch.packed)
    asked = batch.targets >= 0
    return F.cross_entropy(model.token_logits(hidden[asked]) + log_frequencies, batch.targets[asked])


def token_log_frequencies(users: Iterable[Sequence[Sequence[int]]], vocabulary: int) -> Tensor:
    """(vocabulary,) log of each token's share of the user sides' text, every token counted once more."""
    counts = np.ones(vocabulary)
    for user in users:
        counts += np.bincount([token for segment in user for token in segment], minlength=vocabulary)
    return torch.from_numpy(np.log(counts / counts.sum())).float()


def infill_batch(
    users: Sequence[Sequence[Sequence[int]]], seed: int, longest: int, hidden_events: float = 0.45
) -> InfillBatch:
    """Replace spans of each user side by [MASK]; the candidate side is `[BOS] span [MASK] span ... [EOS]`.

    About `hidden_events` of the events lose a span of up to 6 tokens, the oldest first, until the candidate side
    would be longer than `longest` tokens.
    """
    random = np.random.default_rng(seed)
    corrupted = [_hide_spans(user, random, longest, hidden_events) for user in users]
    packed = pack([(user, [answer]) for user, answer in corrupted])
    following = torch.full_like(packed.tokens, -100)
    following[:, :-1] = packed.tokens[:, 1:]
    inside = packed.is_candidate.clone()
    inside[:, :-1] &= packed.is_candidate[:, 1:]  # the last candidate token has nothing to predict
    inside[:, -1] = False
    return InfillBatch(packed, following.masked_fill(~inside, -100))


def _hide_spans(
    user: Sequence[Sequence[int]], random: np.random.Generator, longest: int, hidden_events: float
) -> tuple[list[list[int]], list[int]]:
    """The user side with spans hidden, and the answer. The first and the last segment stay as they are."""
    answer = [BOS]
    corrupted = [list(segment) for segment in user]
    for index in range(1, len(user) - 1):
        segment = corrupted[index]
        length = int(random.integers(1, LONGEST_SPAN + 1))
        start = int(random.integers(0, max(1, len(segment) - length + 1)))
        span = segment[start : start + length]
        if random.random() < hidden_events and len(answer) + len(span) + 1 <= longest:
            answer += [*span, MASK]
            corrupted[index] = [*segment[:start], MASK, *segment[start + length :]]
    return corrupted, [*answer[:-1], EOS] if len(answer) > 1 else [BOS, EOS]
