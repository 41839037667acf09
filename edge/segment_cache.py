"""Hidden states of segments computed alone: valid for as long as the segment's text is unchanged."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

import numpy as np


class SegmentCache:
    """Least recently used entries go first once `budget_bytes` is exceeded. Keys are the segment's content."""

    def __init__(self, budget_bytes: int = 8_000_000) -> None:
        self.budget_bytes = budget_bytes
        self.bytes = 0
        self._entries: OrderedDict[tuple[int, ...], np.ndarray] = OrderedDict()

    def get(self, segment: tuple[int, ...]) -> np.ndarray | None:
        """(tokens, hidden) at the hand-over, or None."""
        found = self._entries.get(segment)
        if found is not None:
            self._entries.move_to_end(segment)
        return found

    def missing(self, segments: Iterable[tuple[int, ...]]) -> list[tuple[int, ...]]:
        """Those of `segments` that are not kept, each once, in a fixed order."""
        return sorted({segment for segment in segments if segment not in self._entries})

    def put(self, segment: tuple[int, ...], hidden: np.ndarray) -> None:
        hidden = hidden.copy()  # a view would keep the whole array that it was cut from
        self.bytes += hidden.nbytes - (self._entries[segment].nbytes if segment in self._entries else 0)
        self._entries[segment] = hidden
        self._entries.move_to_end(segment)
        while self.bytes > self.budget_bytes and len(self._entries) > 1:
            _, oldest = self._entries.popitem(last=False)
            self.bytes -= oldest.nbytes

    def __len__(self) -> int:
        return len(self._entries)
