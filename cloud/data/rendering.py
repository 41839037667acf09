"""Examples to tokens: one function, the same on one core or mapped over batches by many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np

from cloud.data.examples import Example
from cloud.data.requests import EncodedRequest
from edge.text.sequence import Segment, TextEncoder
from edge.text.types import Event, Item, User, Value

AttributeKey = tuple[tuple[str, Value], ...]


class CachedEncoder(TextEncoder):
    """A `TextEncoder` that renders each distinct record once: items by identity, profiles by their values."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self._items: dict[int, tuple[Item, Segment]] = {}  # the item itself is kept, so its id stays its own
        self._events: dict[tuple[int, AttributeKey], tuple[Item, Segment]] = {}
        self._profiles: dict[AttributeKey, Segment] = {}

    def profile(self, user: User) -> Segment:
        key = tuple(user.attributes.items())
        if key not in self._profiles:
            self._profiles[key] = super().profile(user)
        return self._profiles[key]

    def event(self, event: Event) -> Segment:
        key = (id(event.item), tuple(event.attributes.items()))
        if key not in self._events:
            self._events[key] = (event.item, super().event(event))
        return self._events[key][1]

    def candidate(self, item: Item) -> Segment:
        if id(item) not in self._items:
            self._items[id(item)] = (item, super().candidate(item))
        return self._items[id(item)][1]


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
    profiles: Counter[AttributeKey] = Counter()
    events: Counter[tuple[int, bool]] = Counter()
    candidates: Counter[int] = Counter()
    users: dict[AttributeKey, User] = {}
    items: dict[int, Item] = {}
    shown: dict[tuple[int, bool], Event] = {}
    for example in found:
        key = tuple(example.request.user.attributes.items())
        users[key] = example.request.user
        profiles[key] += 1
        for event in example.request.events:
            shown[id(event.item), bool(event.attributes.get("liked"))] = event
            events[id(event.item), bool(event.attributes.get("liked"))] += 1
        for item in example.request.candidates:
            items[id(item)] = item
            candidates[id(item)] += 1
    texts: Counter[str] = Counter()
    for profile, count in profiles.items():
        texts[encoder.profile_text(users[profile])] += count
    for pair, count in events.items():
        texts[encoder.event_text(shown[pair])] += count
    for identity, count in candidates.items():
        texts[encoder.candidate_text(items[identity])] += count
    return texts
