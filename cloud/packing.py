"""Requests as tensors: one user side and its candidates in one row, positions restarting per segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from edge.text.sequence import CANDIDATE_SLOT, segment_slots

Segment = Sequence[int]  # token ids


@dataclass(frozen=True)
class Packed:
    """A batch of requests. Every tensor but `ends` is (batch, seq); padding has segment -1."""

    tokens: Tensor
    positions: Tensor  # place within the segment
    slots: Tensor  # index of the segment embedding
    segments: Tensor  # number of the segment within the row
    is_candidate: Tensor
    ends: Tensor  # (candidates,) index into the flattened batch of each candidate's last token

    def at_ends(self, hidden: Tensor) -> Tensor:
        """(batch, seq, hidden) -> (candidates, hidden): the states that are scored."""
        return hidden.flatten(0, 1)[self.ends]

    @property
    def real(self) -> Tensor:
        """Mask of the tokens that are not padding."""
        return self.segments >= 0


def pack(requests: Sequence[tuple[Sequence[Segment], Sequence[Segment]]]) -> Packed:
    """Pack (user side segments, candidates) pairs, one row each, padded to the longest."""
    rows = [_row(user, candidates) for user, candidates in requests]
    seq = max(row.shape[1] for row in rows)
    batch = np.zeros((len(rows), 5, seq), dtype=np.int64)
    batch[:, 3] = -1
    for index, row in enumerate(rows):
        batch[index, :, : row.shape[1]] = row
    tokens, positions, slots, segments, is_candidate = torch.from_numpy(batch).unbind(1)
    lengths = [
        (index * seq, sum(map(len, user)), [len(candidate) for candidate in candidates])
        for index, (user, candidates) in enumerate(requests)
    ]
    ends = np.concatenate([start + user + np.cumsum(sizes, dtype=np.int64) - 1 for start, user, sizes in lengths])
    return Packed(tokens, positions, slots, segments, is_candidate.bool(), torch.from_numpy(ends))


def _row(user: Sequence[Segment], candidates: Sequence[Segment]) -> np.ndarray:
    """(5, seq): tokens, positions, slots, segment numbers, candidate flags."""
    segments = [*user, *candidates]
    slots = [*segment_slots(user), *[CANDIDATE_SLOT] * len(candidates)]
    lengths = np.array([len(segment) for segment in segments])
    starts = np.cumsum(lengths) - lengths
    total = int(lengths.sum())
    return np.stack(
        [
            np.concatenate([np.asarray(segment, dtype=np.int64) for segment in segments]),
            np.arange(total) - np.repeat(starts, lengths),
            np.repeat(slots, lengths),
            np.repeat(np.arange(len(segments)), lengths),
            np.repeat(np.arange(len(segments)) >= len(user), lengths),
        ]
    )
