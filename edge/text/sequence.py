"""Requests to token segments: profile, events and closing on the user side, one segment per candidate."""

from __future__ import annotations

from collections.abc import Sequence

from edge.text.spec import TextSpec
from edge.text.types import Event, Item, User
from edge.text.wordpiece import BOS, BOS_USER, EOS, EOS_USER, WordPiece

Segment = tuple[int, ...]

PROFILE_SLOT, CANDIDATE_SLOT, CLOSING_SLOT, NEWEST_EVENT_SLOT = range(4)
CLOSING: Segment = (EOS_USER,)


class TextEncoder:
    """Renders records by the spec's templates and cuts their tokens to its limits."""

    def __init__(self, spec: TextSpec, wordpiece: WordPiece) -> None:
        self.spec = spec
        self.wordpiece = wordpiece
        self._profile, self._event, self._candidate = spec.templates()

    def profile_text(self, user: User) -> str:
        return self._profile.render(user.attributes)

    def event_text(self, event: Event) -> str:
        return self._event.render({**event.attributes, "item": event.item.attributes})

    def candidate_text(self, item: Item) -> str:
        return self._candidate.render(item.attributes)

    def profile(self, user: User) -> Segment:
        """[BOS'] and the profile's tokens."""
        return (BOS_USER, *self._cut(self.profile_text(user), 1))

    def event(self, event: Event) -> Segment:
        """The event's tokens alone; may be empty."""
        return self._cut(self.event_text(event), 0)

    def candidate(self, item: Item) -> Segment:
        """[BOS], the candidate's tokens, [EOS]."""
        return (BOS, *self._cut(self.candidate_text(item), 2), EOS)

    def _cut(self, text: str, special: int) -> Segment:
        return tuple(self.wordpiece.encode(text)[: self.spec.max_segment_tokens - special])

    def user(self, user: User, events: Sequence[Event]) -> tuple[Segment, ...]:
        """Profile, the newest events that fit (oldest first), closing."""
        profile = self.profile(user)
        return (profile, *self._newest(events, self.spec.max_user_tokens - len(profile) - 1), CLOSING)

    def _newest(self, events: Sequence[Event], budget: int) -> list[Segment]:
        kept: list[Segment] = []
        for event in reversed(events):
            if len(kept) == self.spec.max_events:
                break
            segment = self.event(event)
            budget -= len(segment)
            if budget < 0:
                break
            if segment:
                kept.append(segment)
        return kept[::-1]


def segment_slots(segments: Sequence[Segment]) -> list[int]:
    """The segment embedding of each user-side segment: profile 0, events by recency from 3, closing 2."""
    events = len(segments) - 2
    return [PROFILE_SLOT, *range(NEWEST_EVENT_SLOT + events - 1, NEWEST_EVENT_SLOT - 1, -1), CLOSING_SLOT]
