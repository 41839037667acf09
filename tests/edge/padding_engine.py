"""An engine that pads and counts, but computes nothing; and costs for it."""

from __future__ import annotations

from typing import Any

import numpy as np
from edge.bundle.shape import Shape
from edge.runtime.costs import CostModel


class PaddingEngine:
    """Pads to multiples of 10 tokens and 4 candidates; `calls` records (entry point, size)."""

    shape = Shape(layers=6, hidden=8, heads=2, handover=2)

    def __init__(self) -> None:
        self.calls: list[tuple[str, int]] = []

    def padded_user(self, tokens: int) -> int:
        return -(-tokens // 10) * 10

    def padded_candidates(self, count: int) -> int:
        return -(-count // 4) * 4

    def embed(self, ids: np.ndarray, positions: np.ndarray) -> np.ndarray:
        return np.zeros((len(ids), self.shape.hidden), dtype=np.float32)

    def place(self, hidden: np.ndarray, slots: np.ndarray) -> np.ndarray:
        return hidden

    def layer(self, hidden: np.ndarray, mask: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        self.calls.append(("layer", len(hidden)))
        keys = np.zeros((self.shape.heads, len(hidden), self.shape.hidden // self.shape.heads), dtype=np.float32)
        return hidden, keys, keys

    def layer_keys(self, hidden: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray]:
        self.calls.append(("layer_keys", len(hidden)))
        keys = np.zeros((self.shape.heads, len(hidden), self.shape.hidden // self.shape.heads), dtype=np.float32)
        return keys, keys

    def layer_candidate(self, hidden: np.ndarray, *rest: Any) -> np.ndarray:
        self.calls.append(("layer_candidate", len(hidden)))
        return hidden

    def layer_end(self, hidden: np.ndarray, ends: np.ndarray, *rest: Any) -> np.ndarray:
        self.calls.append(("layer_end", len(hidden)))
        return hidden[np.arange(len(ends)), ends]

    def head(self, hidden: np.ndarray) -> np.ndarray:
        self.calls.append(("head", len(hidden)))
        return np.zeros(len(hidden), dtype=np.float32)

    def close(self) -> None:
        """Nothing to give back."""


ENGINE: Any = PaddingEngine()
COSTS = CostModel(
    embed=((1.0, 0.0), (100.0, 0.0)),
    user_layer=((10.0, 1.0), (50.0, 3.0)),
    user_keys=((10.0, 0.25), (50.0, 0.75)),
    candidate_layer=((10.0, ((4.0, 2.0), (16.0, 8.0))), (50.0, ((4.0, 4.0), (16.0, 16.0)))),
    candidate_end=((10.0, ((4.0, 0.5), (16.0, 2.0))), (50.0, ((4.0, 1.0), (16.0, 4.0)))),
    head=((1.0, 0.5),),
)
