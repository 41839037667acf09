"""An engine that records the time of a request by part: encoding, appending, scoring."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from edge.engines.chunk import Chunk
from edge.engines.protocol import Engine, Entries
from edge.engines.timeline import NewPlaces, Timeline

Clock = Callable[[], float]  # seconds
Found = TypeVar("Found")


class TimedEngine:
    """Another engine's answers; `spent` sums up seconds by part until it is emptied."""

    def __init__(self, engine: Engine, clock: Clock = time.perf_counter) -> None:
        self._engine, self._clock = engine, clock
        self.shape, self.chunk_tokens = engine.shape, engine.chunk_tokens
        self.chunk_segments = engine.chunk_segments
        self.spent: dict[str, float] = {}

    def summarise(self, chunk: Chunk, depth: int) -> np.ndarray:
        started = self._clock()
        found = self._engine.summarise(chunk, depth)
        return self._counted("encode", started, found)

    def append(self, entries: Entries, profile: bool, timeline: Timeline) -> NewPlaces:
        started = self._clock()
        found = self._engine.append(entries, profile, timeline)
        return self._counted("append", started, found)

    def score(self, candidates: Entries, timeline: Timeline, depth: int) -> np.ndarray:
        started = self._clock()
        found = self._engine.score(candidates, timeline, depth)
        return self._counted("score", started, found)

    def padded_tokens(self, tokens: int) -> int:
        return self._engine.padded_tokens(tokens)

    def padded_candidates(self, count: int, depth: int) -> int:
        return self._engine.padded_candidates(count, depth)

    def close(self) -> None:
        self._engine.close()

    def _counted(self, part: str, started: float, found: Found) -> Found:
        self.spent[part] = self.spent.get(part, 0.0) + self._clock() - started
        return found
