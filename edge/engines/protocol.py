"""What a bundle's model file offers, whatever engine runs it. The host loops over depth; weights exist once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from edge.bundle.shape import Shape

MASKED = np.float32(-1e9)  # additive mask of a forbidden look


@dataclass(frozen=True)
class Context:
    """What candidates look at in one layer: keys and values (heads, user tokens, head width), mask (user tokens,)."""

    keys: np.ndarray
    values: np.ndarray
    mask: np.ndarray  # additive

    @classmethod
    def nobody(cls, shape: Shape, tokens: int = 1) -> Context:
        """`tokens` that are all masked: each candidate is alone."""
        keys = np.zeros((shape.heads, tokens, shape.hidden // shape.heads), dtype=np.float32)
        return cls(keys, keys, np.full(tokens, MASKED))


class Engine(Protocol):
    """The entry points. Arrays are float32 and hold one request, without padding; ids, positions, slots int32."""

    shape: Shape

    def padded_user(self, tokens: int) -> int:
        """The user tokens that a layer is computed for when it is given `tokens`"""

    def padded_candidates(self, count: int) -> int:
        """The candidates that a layer is computed for when it is given `count`"""

    def embed(self, ids: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """(tokens,), (tokens,) -> (tokens, hidden)"""

    def place(self, hidden: np.ndarray, slots: np.ndarray) -> np.ndarray:
        """(tokens, hidden), (tokens,) -> (tokens, hidden): adds the segment embeddings"""

    def layer(self, hidden: np.ndarray, mask: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(tokens, hidden), (tokens, tokens) -> the same, keys and values (heads, tokens, head width).

        The step that reaches `depth`, from 1; with one shared layer they are all the same.
        """

    def layer_keys(self, hidden: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray]:
        """(tokens, hidden) -> the keys and values that `layer` gives, and no more: all that candidates look at"""

    def layer_candidate(self, hidden: np.ndarray, context: Context, depth: int) -> np.ndarray:
        """(candidates, seq, hidden) -> the same: each sees the context, and itself causally"""

    def layer_end(self, hidden: np.ndarray, ends: np.ndarray, context: Context, depth: int) -> np.ndarray:
        """The same, and the place of each candidate's [EOS], (candidates,) -> (candidates, hidden)

        The states that `layer_candidate` gives in these places, and no others: all that the head reads.
        """

    def head(self, hidden: np.ndarray) -> np.ndarray:
        """(candidates, hidden) -> (candidates,) logits"""

    def close(self) -> None:
        """Give the memory back."""
