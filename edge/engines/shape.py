"""The sizes of a ranking model in a bundle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

OVERALL = 5.0  # events of the overall mean in a user's level
NO_LIKENESS = 0.3  # of an event that was liked as usual, beside those that are alike
MASKED = np.float32(-1e4)  # additive, where one must not see another; finite in float16, too


@dataclass(frozen=True)
class ModelShape:
    """As the manifest's `model` lists them; ENGINE.md says what each is."""

    hidden: int
    heads: int
    encode_depths: tuple[int, ...]  # ascending
    interact_layers: int
    positions: int
    places: int
    numbers: int
    distances: int
    match_size: int
    match_heads: int
    factors: int

    @property
    def head_width(self) -> int:
        """The width of one attention head."""
        return self.hidden // self.heads

    @property
    def phrase_depth(self) -> int:
        """How often a phrase is encoded."""
        return min(1, self.encode_depths[-1])
