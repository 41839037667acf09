"""The shape of a ranking model: teacher and student differ by it alone."""

from __future__ import annotations

from dataclasses import dataclass

from cloud.limits import MOST_LAYERS, MOST_TOKENS, MOST_WIDTH
from edge.config import check_counts, setting
from edge.errors import EdgeError
from edge.text.number import MAX_NUMBERS
from edge.text.spec import MOST_SEGMENT_TOKENS


@dataclass(frozen=True)
class RankingShape:
    """`shared`: one layer's weights are applied at every depth of both stages; else each application has its own."""

    vocabulary_size: int
    numbers: int
    hidden_size: int = 128
    embedding_size: int = 128  # below hidden_size the embedding is factorised, as in ALBERT
    heads: int = 2
    feed_forward: int = 4  # width of the feed-forward part, in hidden sizes
    encode_layers: int = 1
    early_encode: int = 0  # a second encode depth that ships, for a request in a hurry; 0: none
    interact_layers: int = 2
    shared: bool = True
    positions: int = 32  # tokens of the longest segment
    distances: int = 32  # buckets of how many entries lie between two
    match_size: int = 64
    match_heads: int = 4  # ways in which events are weighed by their phrases
    number_hidden: int = 64  # inner width of the small layers of numbers
    factors: int = 0  # of an item, whose products stand for collaborative filtering; 0: none

    def __post_init__(self) -> None:
        check_counts(self, vocabulary_size=(1, MOST_TOKENS), numbers=(0, MAX_NUMBERS))
        check_counts(self, hidden_size=(1, MOST_WIDTH), embedding_size=(1, MOST_WIDTH), heads=(1, MOST_WIDTH))
        check_counts(self, encode_layers=(0, MOST_LAYERS), interact_layers=(0, MOST_LAYERS), feed_forward=(1, 64))
        check_counts(self, early_encode=(0, max(self.encode_layers - 1, 0)))
        check_counts(self, positions=(1, MOST_SEGMENT_TOKENS), distances=(2, 1_024), match_size=(1, MOST_WIDTH))
        check_counts(self, match_heads=(1, 64), number_hidden=(1, MOST_WIDTH), factors=(0, MOST_WIDTH))
        if self.hidden_size % self.heads:
            raise EdgeError(
                f"{setting('heads')}={self.heads} does not divide {setting('hidden_size')}={self.hidden_size}",
                fix=f"set {setting('hidden_size')} to a multiple of {setting('heads')}",
            )

    @property
    def encode_depths(self) -> tuple[int, ...]:
        """Encode depths that are trained, measured and shipped, the deepest last."""
        return (self.early_encode, self.encode_layers) if self.early_encode else (self.encode_layers,)

    @property
    def interact_depths(self) -> tuple[int, ...]:
        """Interact depths that are scored, after any encode depth; 0 is numbers, match and head alone."""
        return tuple(range(self.interact_layers + 1))
