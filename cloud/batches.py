"""Batches by number: any batch can be made at any time, so training resumes exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from cloud.data.requests import EncodedRequest
from cloud.packing import Packed, pack


@dataclass(frozen=True)
class LabelledBatch:
    packed: Packed
    labels: Tensor  # (candidates,), 0 or 1


def label_batch(requests: Sequence[EncodedRequest]) -> LabelledBatch:
    packed = pack([(request.segments, request.candidates) for request in requests])
    labels = np.concatenate([request.labels for request in requests]).astype(np.float32)
    return LabelledBatch(packed, torch.from_numpy(labels))


class RequestBatches:
    """Requests of similar length together, at most `batch_tokens` of padded tokens a batch.

    Each pass over the requests has an order of its own; `groups(i)` is batch i of the endless sequence of passes.
    """

    def __init__(self, requests: Sequence[EncodedRequest], batch_tokens: int, seed: int = 0) -> None:
        self.requests = requests
        self.batch_tokens = batch_tokens
        self.seed = seed
        self.lengths = [sum(map(len, request.segments)) + sum(map(len, request.candidates)) for request in requests]
        order = sorted(range(len(requests)), key=lambda index: self.lengths[index])
        self.batches = _cut(order, self.lengths, batch_tokens)

    def __len__(self) -> int:
        """Batches in one pass."""
        return len(self.batches)

    def group(self, number: int) -> list[EncodedRequest]:
        epoch, place = divmod(number, len(self.batches))
        return [self.requests[index] for index in _epoch(self, epoch)[place]]

    def __call__(self, number: int) -> LabelledBatch:
        return label_batch(self.group(number))


@lru_cache(maxsize=4)
def _epoch(source: RequestBatches, epoch: int) -> list[list[int]]:
    """One pass: requests jittered in length order, cut into batches, batches shuffled."""
    random = np.random.default_rng((source.seed, epoch))
    jittered = np.array(source.lengths) * random.uniform(0.9, 1.1, len(source.lengths))
    batches = _cut(np.argsort(jittered, kind="stable").tolist(), source.lengths, source.batch_tokens)
    # Every pass has the same number of batches: a batch too few repeats one, a batch too many is dropped.
    order = random.permutation(len(batches))
    return [batches[order[place % len(order)]] for place in range(len(source))]


def _cut(order: Sequence[int], lengths: Sequence[int], batch_tokens: int) -> list[list[int]]:
    batches: list[list[int]] = []
    longest = 0
    for index in order:
        longest = max(longest, lengths[index])
        if not batches or longest * (len(batches[-1]) + 1) > batch_tokens:
            batches.append([])
            longest = lengths[index]
        batches[-1].append(index)
    return batches
