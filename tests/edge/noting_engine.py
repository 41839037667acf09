"""An engine that computes nothing, for the vectors of what is encoded together (PLAN.md, section 2)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from edge.engines.chunk import Chunk


class NotingEngine:
    """Notes the chunks that it is given, each as [segments, tokens]; it has the sizes of a vector of `summaries`."""

    def __init__(self, vector: dict[str, Any]) -> None:
        self.shape = SimpleNamespace(hidden=vector["hidden"], positions=vector["positions"])
        self.chunk_tokens, self.chunk_segments = vector["chunk_tokens"], vector["chunk_segments"]
        self.chunks: list[list[int]] = []

    def summarise(self, chunk: Chunk, depth: int) -> np.ndarray:
        self.chunks.append([chunk.count, len(chunk)])
        return np.zeros((chunk.count, self.shape.hidden), dtype=np.float32)
