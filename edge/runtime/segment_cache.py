"""Hidden states of segments computed alone: valid for as long as the segment's text is unchanged."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from edge.runtime.byte_cache import ByteCache


class SegmentCache:
    """Keys are the segment's content; beyond the budget, what was used longest ago goes first."""

    def __init__(self, budget_bytes: int = 8_000_000) -> None:
        self._states: ByteCache[tuple[int, ...], np.ndarray] = ByteCache(budget_bytes)

    @property
    def bytes(self) -> int:
        return self._states.bytes

    def get(self, segment: tuple[int, ...]) -> np.ndarray | None:
        """(tokens, hidden) at the hand-over, or None."""
        return self._states.get(segment)

    def missing(self, segments: Iterable[tuple[int, ...]]) -> list[tuple[int, ...]]:
        """Those of `segments` that are not kept, each once, in a fixed order."""
        return sorted({segment for segment in segments if segment not in self._states})

    def put(self, segment: tuple[int, ...], hidden: np.ndarray) -> None:
        # a copy: a view would keep the whole array that it was cut from
        self._states.put(segment, hidden.copy(), hidden.nbytes)

    def clear(self) -> None:
        self._states.clear()

    def __len__(self) -> int:
        return len(self._states)
