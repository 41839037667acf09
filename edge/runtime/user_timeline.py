"""A user between requests: events as they come in, and the timeline that the engine keeps of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from edge.engines.protocol import Engine, Entries
from edge.engines.timeline import Timeline
from edge.runtime.window import first_event
from edge.text.columns import number_of
from edge.text.number import Number
from edge.text.offered import NumberGroups, Offered
from edge.text.segments import Segment, SegmentEncoder
from edge.text.types import Event, User
from edge.text.user_numbers import UserNumbers

Inputs = tuple[np.ndarray, np.ndarray]  # (row, number): values, 0 where one is missing; and 1 there


@dataclass(frozen=True)
class Reading:
    """How a bundle reads a user: its texts, its numbers, and which attribute of an event is its value."""

    encoder: SegmentEncoder
    numbers: tuple[Number, ...]
    value: str  # "rating", or "liked"

    @cached_property
    def groups(self) -> NumberGroups:
        """The model's numbers, grouped by what they depend on."""
        return NumberGroups(self.numbers)


@dataclass(frozen=True)
class Place:
    """An event as the timeline reads it."""

    item: Segment
    phrase: Segment
    value: float


@dataclass(frozen=True)
class Lacks:
    """What a timeline lacks: the profile, if the timeline is `begun` again, and the events from `start`."""

    begun: bool
    first: int  # event that it keeps
    start: int
    segments: list[Segment]  # of the profile, then of the events' items
    phrases: list[Segment]


class UserTimeline:
    """The timeline is a function of the event list alone: a user who grew is one that was computed whole."""

    def __init__(self, reading: Reading, user: User, events: Sequence[Event] = ()) -> None:
        self._reading = reading
        self._profile = reading.encoder.profile(user)
        self._numbers = UserNumbers(reading.groups, user)
        self.events: list[Event] = []
        self._places: list[Place] = []
        self._kept: dict[int, tuple[int, Timeline]] = {}  # encode depth -> first event, timeline
        for event in events:
            self.add(event)

    def add(self, event: Event) -> None:
        """One more event; it is computed when it is needed. Errors: it does not fit a template or a number."""
        encoder = self._reading.encoder
        place = Place(encoder.item(event.item), encoder.phrase(event), self._value(event))
        self._numbers.add(event)
        self._places.append(place)
        self.events.append(event)

    def lacks(self, most: int, depth: int) -> Lacks:
        """At an encode depth, of a timeline of at most so many events."""
        first = first_event(len(self.events), most)
        kept = self._kept.get(depth)
        begun = kept is None or kept[0] != first
        start = first if kept is None or begun else first + kept[1].length - 1
        places = self._places[start:]
        segments = [self._profile, *(place.item for place in places)] if begun else [place.item for place in places]
        return Lacks(begun, first, start, segments, [place.phrase for place in places])

    def timeline(self, engine: Engine, depth: int, lacks: Lacks, items: np.ndarray, phrases: np.ndarray) -> Timeline:
        """All events in their places; `items`, `phrases` (row, hidden): the summaries of what it `lacks`."""
        if lacks.begun:
            self._kept[depth] = lacks.first, _begun(engine, items[:1])
        kept, values = self._kept[depth][1], self.values(lacks.start)
        if len(values):
            entries = Entries(items[len(items) - len(values) :], phrases, *self.numbers(lacks.start))
            kept.extend(engine.append(entries, False, kept), values)
        return kept

    def values(self, start: int) -> np.ndarray:
        """(event,) of the events from `start` on: what likeness reads of them."""
        return np.array([place.value for place in self._places[start:]], dtype=np.float32)

    def candidates(self, offered: Sequence[Offered], time: float | None) -> Inputs:
        """(candidate, number) of candidates at a moment, and which are missing."""
        return _inputs(self._numbers.of_candidates(offered, time))

    def numbers(self, start: int) -> Inputs:
        """(event, number) of the events from `start` on, and which are missing."""
        return _inputs(self._numbers.of_events(start))

    def forget(self) -> None:
        """What was computed; events stay."""
        self._kept.clear()

    def _value(self, event: Event) -> float:
        value = number_of(event.attributes.get(self._reading.value), f"the event's {self._reading.value}")
        return 0.0 if np.isnan(value) else value


def _begun(engine: Engine, profile: np.ndarray) -> Timeline:
    """Of a profile's summary (1, hidden) alone."""
    timeline, none = Timeline(engine.shape), np.zeros((1, engine.shape.numbers), dtype=np.float32)
    entries = Entries(profile, np.zeros_like(profile), none, none)
    timeline.extend(engine.append(entries, True, timeline), np.zeros(1, dtype=np.float32))
    return timeline


def _inputs(numbers: np.ndarray) -> Inputs:
    missing = np.isnan(numbers)
    return np.where(missing, np.float32(0), numbers), missing.astype(np.float32)
