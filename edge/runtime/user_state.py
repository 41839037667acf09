"""A user between requests, as an app holds one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING

from edge.errors import EdgeError
from edge.runtime.user_timeline import UserTimeline
from edge.runtime.window import first_event
from edge.text.checks import MAX_EVENTS, check_event
from edge.text.types import Event, User

if TYPE_CHECKING:
    from edge.runtime.ranker import Ranker


class UserState:
    """A user of one ranker, between requests: the profile, the events, and what was computed from them.

    `Ranker.user` makes it. All methods are thread-safe. It holds its memory until it is released or forgotten.
    """

    def __init__(self, ranker: Ranker, name: str, profile: User, events: Sequence[Event]) -> None:
        self._ranker, self._name, self._profile = ranker, name, profile
        self._timeline = ranker._timeline(profile, events)
        self._latest = max((event.time for event in events if event.time is not None), default=-math.inf)
        self._turn = Lock()

    def add(self, event: Event) -> None:
        """Add one more event, in constant time; it is computed by the next `rank` or `prepare`.

        When the user has 10,000 events, the oldest 2,500 are dropped first. Errors: an event that breaks the rules of
        a request or is older than the newest one; a closed ranker. Then nothing changes.
        """
        self._ranker._lifetime.check()
        check_event(event, "the event")
        with self._turn:
            if event.time is not None and event.time < self._latest:
                raise EdgeError("the event is older than one that the user has", fix="add events oldest first")
            self._timeline = self._grown(event)
            self._latest = self._latest if event.time is None else event.time
        self._ranker._log.note(self._name, event)

    def prepare(self, encode: int | None = None) -> None:
        """Compute what `rank` will need of this user, e.g. while the app is idle.

        encode: the encode depth, by default that of the best exit. Errors: an encode depth that no exit has; a closed
        ranker.
        """
        with self._ranker._lifetime:
            with self._turn:
                self._ranker._prepare_user(self._timeline, encode)
            self._ranker._save()

    def forget(self) -> None:
        """Free the memory of what was computed for this user; the profile and the events stay."""
        with self._turn:
            self._timeline.forget()

    def _grown(self, event: Event) -> UserTimeline:
        """The timeline with the event; another one where the oldest events left."""
        timeline, count = self._timeline, len(self._timeline.events)
        if count >= MAX_EVENTS:
            newest = timeline.events[first_event(count + 1, MAX_EVENTS) :]
            timeline = self._ranker._timeline(self._profile, newest)
        timeline.add(event)
        return timeline
