"""Examples to tokens: one function, the same on one core or mapped over batches by many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence

import numpy as np

from cloud.data.examples import Example
from cloud.data.requests import EncodedRequest
from edge.text.sequence import Segment, TextEncoder
from edge.text.spec import TextSpec
from edge.text.types import Event, Item, User


class CachedEncoder(TextEncoder):
    """A `TextEncoder` that renders each distinct record once: items by identity, the rest by their values."""

    def __init__(self, spec: TextSpec, vocabulary: Sequence[str]) -> None:
        super().__init__(spec, vocabulary)
        self._texts: dict[Hashable, str] = {}
        self._segments: dict[Hashable, Segment] = {}
        self._kept: dict[int, Item] = {}  # while an item is kept, no other can have its id

    def __reduce__(self) -> tuple[type[CachedEncoder], tuple[TextSpec, tuple[str, ...]]]:
        return CachedEncoder, (self.spec, self.wordpiece.vocabulary)  # identities mean nothing in another process

    def _key(self, record: User | Event | Item) -> Hashable:
        if isinstance(record, Item):
            self._kept[id(record)] = record
            return id(record)
        attributes = tuple(record.attributes.items())
        return (self._key(record.item), attributes) if isinstance(record, Event) else attributes

    def profile_text(self, user: User) -> str:
        key = self._key(user)
        if key not in self._texts:
            self._texts[key] = super().profile_text(user)
        return self._texts[key]

    def event_text(self, event: Event) -> str:
        key = self._key(event)
        if key not in self._texts:
            self._texts[key] = super().event_text(event)
        return self._texts[key]

    def candidate_text(self, item: Item) -> str:
        key = self._key(item)
        if key not in self._texts:
            self._texts[key] = super().candidate_text(item)
        return self._texts[key]

    def profile(self, user: User) -> Segment:
        key = self._key(user)
        if key not in self._segments:
            self._segments[key] = super().profile(user)
        return self._segments[key]

    def event(self, event: Event) -> Segment:
        key = self._key(event)
        if key not in self._segments:
            self._segments[key] = super().event(event)
        return self._segments[key]

    def candidate(self, item: Item) -> Segment:
        key = self._key(item)
        if key not in self._segments:
            self._segments[key] = super().candidate(item)
        return self._segments[key]


def encode(found: Iterable[Example], encoder: TextEncoder) -> Iterator[EncodedRequest]:
    """Each example's tokens, in order."""
    for example in found:
        request = example.request
        yield EncodedRequest(
            user=example.user_id,
            time=int(example.time // 1),
            segments=encoder.user(request.user, request.events),
            candidates=tuple(encoder.candidate(item) for item in request.candidates),
            items=tuple(item.id for item in request.candidates),
            labels=np.asarray(example.labels, dtype=np.int8),
        )


def count_texts(found: Iterable[Example], encoder: TextEncoder) -> Counter[str]:
    """Every text of the examples with how often it is shown: profiles, events, candidates."""
    texts: Counter[str] = Counter()
    for example in found:
        request = example.request
        texts[encoder.profile_text(request.user)] += 1
        texts.update(map(encoder.event_text, request.events))
        texts.update(map(encoder.candidate_text, request.candidates))
    return texts
