"""A user between requests: events as they come in, and the timeline that the engine keeps of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.engines.ranking.protocol import Entries, RankingEngine
from edge.engines.ranking.timeline import Timeline
from edge.runtime.ranking.summaries import Summaries
from edge.runtime.ranking.user_numbers import UserNumbers
from edge.runtime.ranking.window import first_event
from edge.text.columns import number_of
from edge.text.number import Number
from edge.text.segments import Segment, SegmentEncoder
from edge.text.types import Event, Item, User


@dataclass(frozen=True)
class Reading:
    """How a bundle reads a user: its texts, its numbers, and which attribute of an event is its value."""

    encoder: SegmentEncoder
    numbers: tuple[Number, ...]
    value: str  # "rating", or "liked"


@dataclass(frozen=True)
class Place:
    """An event as the timeline reads it."""

    item: Segment
    phrase: Segment
    value: float


class UserTimeline:
    """The timeline is a function of the event list alone: a user who grew is one that was computed whole."""

    def __init__(self, reading: Reading, user: User, events: Sequence[Event] = ()) -> None:
        self._reading, self._user = reading, user
        self._profile = reading.encoder.profile(user)
        self.events: list[Event] = []
        self._places: list[Place] = []
        self._numbers: UserNumbers | None = None
        self._kept: dict[int, tuple[int, Timeline]] = {}  # encode depth -> first event, timeline
        for event in events:
            self.add(event)

    def add(self, event: Event) -> None:
        """One more event; it is computed when it is needed."""
        encoder = self._reading.encoder
        self._places.append(Place(encoder.item(event.item), encoder.phrase(event), self._value(event)))
        self.events.append(event)
        self._numbers = None

    @property
    def bytes(self) -> int:
        return sum(timeline.bytes for _, timeline in self._kept.values())

    def missing(self, most: int, depth: int) -> list[Place]:
        """The events that the timeline at that encode depth still has to be computed for."""
        first = first_event(len(self.events), most)
        return self._places[self._filled(first, depth) :]

    def is_kept(self, most: int, depth: int) -> bool:
        """True if the profile, and events that still count, are computed."""
        return depth in self._kept and self._kept[depth][0] == first_event(len(self.events), most)

    def segments(self, most: int, depth: int) -> list[Segment]:
        """Texts of items and of the profile that `timeline` would need the summaries of."""
        own = [] if self.is_kept(most, depth) else [self._profile]
        return [*own, *(place.item for place in self.missing(most, depth))]

    def phrases(self, most: int, depth: int) -> list[Segment]:
        return [place.phrase for place in self.missing(most, depth)]

    def timeline(self, engine: RankingEngine, summaries: Summaries, depth: int) -> Timeline:
        """All events in their places, those that were missing computed now."""
        most = engine.shape.places - 1
        first = first_event(len(self.events), most)
        if not self.is_kept(most, depth):
            self._kept[depth] = first, self._begun(engine, summaries, depth)
        kept = self._kept[depth][1]
        start = first + kept.length - 1
        if start < len(self.events):
            new = self._places[start:]
            entries = self._entries(engine, summaries, new, start, depth)
            values = np.array([place.value for place in new], dtype=np.float32)
            kept.extend(engine.append(entries, False, kept), values)
        return kept

    def candidates(self, items: Sequence[Item], time: float | None) -> tuple[np.ndarray, np.ndarray]:
        """(candidate, number) of candidates at a moment, and which are missing."""
        return self._now().of_candidates(items, time)

    def forget(self) -> None:
        """What was computed; events stay."""
        self._kept.clear()

    def _begun(self, engine: RankingEngine, summaries: Summaries, depth: int) -> Timeline:
        timeline = Timeline(engine.shape)
        items, none = summaries.of([self._profile], depth), np.zeros((1, engine.shape.numbers), dtype=np.float32)
        profile = Entries(items, np.zeros_like(items), none, none)
        timeline.extend(engine.append(profile, True, timeline), np.zeros(1, dtype=np.float32))
        return timeline

    def _entries(
        self, engine: RankingEngine, summaries: Summaries, new: Sequence[Place], start: int, depth: int
    ) -> Entries:
        numbers, missing = self._now().of_events(start)
        items = summaries.of([place.item for place in new], depth)
        phrases = summaries.of([place.phrase for place in new], engine.shape.phrase_depth)
        return Entries(items, phrases, numbers, missing)

    def _filled(self, first: int, depth: int) -> int:
        """The first event that is not computed at that depth."""
        kept = self._kept.get(depth)
        return first if kept is None or kept[0] != first else first + kept[1].length - 1

    def _now(self) -> UserNumbers:
        if self._numbers is None:
            self._numbers = UserNumbers(self._reading.numbers, self._user, self.events)
        return self._numbers

    def _value(self, event: Event) -> float:
        value = number_of(event.attributes.get(self._reading.value), f"the event's {self._reading.value}")
        return 0.0 if np.isnan(value) else value
