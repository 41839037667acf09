"""Segments laid one after another, so that the tokens of several are computed at once. Normative: ENGINE.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from edge.engines.shape import MASKED

Segment = Sequence[int]
UNKNOWN = 1  # the token of a text without words


@dataclass(frozen=True)
class Chunk:
    """`ids`, `positions`, `segment` (token,) int32: which segment of the chunk each token is of; `count` of them."""

    ids: np.ndarray
    positions: np.ndarray
    segment: np.ndarray
    count: int

    def __len__(self) -> int:
        """Tokens."""
        return len(self.ids)

    def padded(self, tokens: int) -> Chunk:
        """With padding up to so many tokens: a segment of its own, -1, that is not counted."""
        if tokens == len(self):
            return self
        ids, positions, segment = (np.full(tokens, filling, dtype=np.int32) for filling in (0, 0, -1))
        for long, short in ((ids, self.ids), (positions, self.positions), (segment, self.segment)):
            long[: len(self)] = short
        return Chunk(ids, positions, segment, self.count)

    def mask(self) -> np.ndarray:
        """(token, token) additive: each segment by itself."""
        mask: np.ndarray = (self.segment[:, None] != self.segment[None, :]) * MASKED
        return mask

    def weights(self, segments: int) -> np.ndarray:
        """(segment, token): the mean over each segment's tokens; rows beyond its own are 0."""
        tokens = np.flatnonzero(self.segment >= 0)
        segment = self.segment[tokens]
        weights = np.zeros((segments, len(self)), dtype=np.float32)
        weights[segment, tokens] = np.float32(1) / np.bincount(segment).astype(np.float32)[segment]
        return weights


def chunk_of(segments: Sequence[Segment], longest: int) -> Chunk:
    """All of them in one chunk, each cut to the `longest` tokens."""
    texts = [segment[:longest] or (UNKNOWN,) for segment in segments]
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    segment = np.repeat(np.arange(len(texts), dtype=np.int32), lengths)
    starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
    ids = np.fromiter((token for text in texts for token in text), dtype=np.int32, count=int(lengths.sum()))
    positions = (np.arange(len(ids)) - starts).astype(np.int32)
    return Chunk(ids, positions, segment, len(texts))


def chunks(segments: Sequence[Segment], longest: int, tokens: int, count: int) -> Iterator[tuple[int, int]]:
    """(start, stop) of the segments of each chunk, in their order: at most so many `tokens`, and `count` segments."""
    start, filled = 0, 0
    for place, segment in enumerate(segments):
        length = min(max(len(segment), 1), longest)
        if place > start and (filled + length > tokens or place - start == count):
            yield start, place
            start, filled = place, 0
        filled += length
    if start < len(segments):
        yield start, len(segments)
