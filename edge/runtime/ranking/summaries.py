"""Summaries of texts, computed once and kept: an item's is the same wherever the item stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from edge.engines.ranking.chunk import chunk_of, chunks
from edge.engines.ranking.protocol import RankingEngine
from edge.runtime.byte_cache import ByteCache
from edge.text.segments import Segment

Key = tuple[int, Segment]  # encode depth, tokens


class Summaries:
    """Kept as float16 within a budget in bytes; what was used longest ago goes first. For several threads."""

    def __init__(self, engine: RankingEngine, budget_bytes: int) -> None:
        self._engine = engine
        self._kept: ByteCache[Key, np.ndarray] = ByteCache(budget_bytes)

    @property
    def bytes(self) -> int:
        return self._kept.bytes

    def missing(self, segments: Iterable[Segment], depth: int) -> list[Segment]:
        """Those that are not kept, each once, in the order they came in."""
        return [segment for segment in dict.fromkeys(segments) if (depth, segment) not in self._kept]

    def of(self, segments: Sequence[Segment], depth: int) -> np.ndarray:
        """(segment, hidden) float32. What is missing is computed, in chunks, and kept."""
        found = {segment: self._kept.get((depth, segment)) for segment in segments}
        new = [segment for segment, summary in found.items() if summary is None]
        for start, stop in self.chunks(new):
            part = new[start:stop]
            summaries = self._engine.summarise(chunk_of(part, self._engine.shape.positions), depth)
            for segment, summary in zip(part, summaries.astype(np.float16), strict=True):
                self.keep(segment, depth, summary)
                found[segment] = summary
        hidden = self._engine.shape.hidden
        rows = np.array([found[segment] for segment in segments], dtype=np.float32)
        return rows.reshape(len(segments), hidden)

    def sizes(self, segments: Iterable[Segment], depth: int) -> tuple[int, ...]:
        """The tokens that each chunk of those not kept is computed for."""
        new, engine = self.missing(segments, depth), self._engine
        lengths = [min(max(len(segment), 1), engine.shape.positions) for segment in new]
        return tuple(engine.padded_tokens(sum(lengths[start:stop])) for start, stop in self.chunks(new))

    def chunks(self, segments: Sequence[Segment]) -> list[tuple[int, int]]:
        """(start, stop) of the segments that are encoded together."""
        engine = self._engine
        return list(chunks(segments, engine.shape.positions, engine.chunk_tokens, engine.chunk_segments))

    def keep(self, segment: Segment, depth: int, summary: np.ndarray) -> None:
        """A summary (hidden,) float16 that was computed from the same weights."""
        own = summary.copy()  # a view would keep the whole array that it was cut from
        self._kept.put((depth, segment), own, own.nbytes + 8 * len(segment))

    def entries(self) -> list[tuple[Key, np.ndarray]]:
        """All that are kept, those used longest ago first."""
        return self._kept.entries()

    def clear(self) -> None:
        self._kept.clear()
