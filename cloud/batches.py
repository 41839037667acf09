"""Batches by number: any batch can be made at any time, so training resumes exactly."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from cloud.data.requests import EncodedRequest
from cloud.packing import Packed, pack
from edge.errors import EdgeError


@dataclass(frozen=True)
class LabelledBatch:
    packed: Packed
    labels: Tensor  # (candidates,), 0 or 1


def label_batch(requests: Sequence[EncodedRequest]) -> LabelledBatch:
    """Requests with their labels as one batch for click prediction."""
    packed = pack([(request.segments, request.candidates) for request in requests])
    labels = np.concatenate([request.labels for request in requests]).astype(np.float32)
    return LabelledBatch(packed, torch.from_numpy(labels))


class RequestBatches:
    """Requests of similar length together, with at most `batch_tokens` padded tokens per batch.

    Each pass has every request once, in an order and batches of its own; `group(i)` is batch i of the endless
    sequence of passes.
    """

    def __init__(self, requests: Sequence[EncodedRequest], batch_tokens: int, seed: int = 0) -> None:
        self.requests = requests
        self.batch_tokens = batch_tokens
        self.seed = seed
        self.lengths = [request.tokens for request in requests]
        self._starts = [0]  # the first batch of each pass that was requested so far
        if not requests:
            raise EdgeError("there are no requests to train on", fix="give the log more events before the split")

    def group(self, number: int) -> list[EncodedRequest]:
        while self._starts[-1] <= number:
            self._starts.append(self._starts[-1] + len(_pass(self, len(self._starts) - 1)))
        number_of_pass = bisect_right(self._starts, number) - 1
        indices = _pass(self, number_of_pass)[number - self._starts[number_of_pass]]
        return [self.requests[index] for index in indices]

    def __call__(self, number: int) -> LabelledBatch:
        return label_batch(self.group(number))


@lru_cache(maxsize=4)
def _pass(source: RequestBatches, number: int) -> list[list[int]]:
    """One pass: requests jittered in length order, cut into batches, batches shuffled."""
    random = np.random.default_rng((source.seed, number))
    jittered = np.array(source.lengths) * random.uniform(0.9, 1.1, len(source.lengths))
    batches = _cut(np.argsort(jittered, kind="stable").tolist(), source.lengths, source.batch_tokens)
    return [batches[place] for place in random.permutation(len(batches))]


def in_batches(requests: Sequence[EncodedRequest], batch_tokens: int) -> list[list[int]]:
    """Places of the requests, those of similar length together, each once."""
    lengths = [request.tokens for request in requests]
    return _cut(np.argsort(lengths, kind="stable").tolist(), lengths, batch_tokens)


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
