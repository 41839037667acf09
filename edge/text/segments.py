"""What the ranking model reads of a request, as tokens: items, profiles and phrases, each by itself."""

from __future__ import annotations

from collections.abc import Sequence

from edge.text.sequence import TextEncoder
from edge.text.types import Event, Item, User

Segment = tuple[int, ...]


class SegmentEncoder:
    """Segments without special tokens, cut to the specification's `max_segment_tokens`."""

    def __init__(self, encoder: TextEncoder) -> None:
        self.encoder, self.longest = encoder, encoder.spec.max_segment_tokens

    def profile(self, user: User) -> Segment:
        """The token ids of the profile text, cut to the longest segment."""
        return self._cut(self.encoder.profile_text(user))

    def item(self, item: Item) -> Segment:
        """The same wherever the item stands."""
        return self._cut(self.encoder.item_text(item))

    def items(self, items: Sequence[Item]) -> list[Segment]:
        """The token ids of the items' texts, each cut to the longest segment."""
        return [self.item(item) for item in items]

    def phrase(self, event: Event) -> Segment:
        """What was done in the event."""
        return self._cut(self.encoder.phrase_text(event))

    def context(self, item: Item) -> Segment:
        """What is known of a candidate at the moment."""
        return self._cut(self.encoder.context_text(item))

    def _cut(self, text: str) -> Segment:
        return tuple(self.encoder.wordpiece.encode(text)[: self.longest])
