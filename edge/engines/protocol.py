"""What an engine of the ranking model offers, whatever runs it. Normative: ENGINE.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from edge.engines.chunk import Chunk
from edge.engines.shape import ModelShape
from edge.engines.timeline import NewPlaces, Timeline


@dataclass(frozen=True)
class Entries:
    """Rows to append or to score: summaries `items`, `phrases` (row, hidden), `numbers` (row, number) standardised, 0
    where `missing` (row, number) is 1."""

    items: np.ndarray
    phrases: np.ndarray
    numbers: np.ndarray
    missing: np.ndarray

    def __len__(self) -> int:
        return len(self.items)

    def part(self, start: int, stop: int) -> Entries:
        """The rows from `start` up to `stop`."""
        rows = slice(start, stop)
        return Entries(self.items[rows], self.phrases[rows], self.numbers[rows], self.missing[rows])


class Engine(Protocol):
    """The entry points; arrays are float32, or int32 where ENGINE.md says so."""

    shape: ModelShape
    chunk_tokens: int  # most of a chunk
    chunk_segments: int

    def summarise(self, chunk: Chunk, depth: int) -> np.ndarray:
        """(segment, hidden): embed, `depth` times encode, summarise."""

    def append(self, entries: Entries, profile: bool, timeline: Timeline) -> NewPlaces:
        """What the places after those of `timeline` keep of the entries, the first of which is the `profile` or not."""

    def score(self, candidates: Entries, timeline: Timeline, depth: int) -> np.ndarray:
        """(depth + 1, candidate) logits at each interact depth up to `depth`."""

    def padded_tokens(self, tokens: int) -> int:
        """The tokens that a chunk of so many is computed for."""

    def padded_candidates(self, count: int, depth: int) -> int:
        """The candidates that so many are computed for at an interact depth."""

    def close(self) -> None:
        """Give the memory back."""
