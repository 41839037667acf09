"""Summaries of texts, computed once and kept: an item's is the same wherever the item stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.engines.chunk import chunk_of, chunks
from edge.engines.protocol import Engine
from edge.runtime.byte_cache import ByteCache
from edge.text.segments import Segment

Key = tuple[int, Segment]  # encode depth, tokens
FLOATS = np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float32)  # of each float16, by its bits


@dataclass(frozen=True)
class Sought:
    """Texts that a request names at one depth: each once, in the order first named, with its summary if it is kept."""

    depth: int
    named: Sequence[Segment]
    distinct: list[Segment]
    found: list[np.ndarray | None]

    @property
    def missing(self) -> list[Segment]:
        """The distinct segments whose summary is not kept, in the order of their first occurrence."""
        return [segment for segment, summary in zip(self.distinct, self.found, strict=True) if summary is None]


class Summaries:
    """Kept as float16 within a budget in bytes; what was used longest ago goes first. For several threads."""

    def __init__(self, engine: Engine, budget_bytes: int) -> None:
        self._engine = engine
        self._kept: ByteCache[Key, np.ndarray] = ByteCache(budget_bytes)

    @property
    def bytes(self) -> int:
        """Bytes that the kept summaries take now."""
        return self._kept.bytes

    def look(self, segments: Sequence[Segment], depth: int) -> Sought:
        """What is kept of them now. This does not count as a use yet."""
        distinct = [*dict.fromkeys(segments)]
        return Sought(depth, segments, distinct, self._kept.look([(depth, segment) for segment in distinct]))

    def of(self, segments: Sequence[Segment], depth: int) -> np.ndarray:
        """(segment, hidden) float32. What is missing is computed, in chunks, and kept."""
        return self.read(self.look(segments, depth))

    def read(self, sought: Sought) -> np.ndarray:
        """`of` what was looked for before."""
        depth, distinct, found = sought.depth, sought.distinct, [*sought.found]
        repeated = len(distinct) < len(sought.named)
        used = reversed(dict.fromkeys(reversed(sought.named))) if repeated else distinct  # by when each is named last
        self._kept.use([(depth, segment) for segment in used])
        new = [row for row, summary in enumerate(found) if summary is None]
        for start, stop in self.chunks([distinct[row] for row in new]):
            part = [distinct[row] for row in new[start:stop]]
            summaries = self._engine.summarise(chunk_of(part, self._engine.shape.positions), depth)
            for row, summary in zip(new[start:stop], summaries.astype(np.float16), strict=True):
                self.keep(distinct[row], depth, summary)
                found[row] = summary
        rows = FLOATS.take(np.frombuffer(b"".join(found), dtype=np.uint16))  # type: ignore[arg-type]
        rows = rows.reshape(len(distinct), self._engine.shape.hidden)
        if not repeated:
            return rows
        row_of = {segment: row for row, segment in enumerate(distinct)}
        return rows[[row_of[segment] for segment in sought.named]]

    def sizes(self, missing: Sequence[Segment]) -> tuple[int, ...]:
        """The tokens that each chunk of those that are missing is computed for."""
        engine = self._engine
        lengths = [min(max(len(segment), 1), engine.shape.positions) for segment in missing]
        return tuple(engine.padded_tokens(sum(lengths[start:stop])) for start, stop in self.chunks(missing))

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
