"""The texts of a request, and the token segments of the full model: profile, events and closing on the user side, and
one segment per candidate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from edge.errors import EdgeError
from edge.text.spec import TextSpec, read_spec
from edge.text.template import Template
from edge.text.types import Event, Item, User
from edge.text.wordpiece import BOS, BOS_USER, EOS, EOS_USER, WordPiece, read_vocabulary

Segment = tuple[int, ...]

PROFILE_SLOT, CANDIDATE_SLOT, CLOSING_SLOT, NEWEST_EVENT_SLOT = range(4)
CLOSING: Segment = (EOS_USER,)


class TextEncoder:
    """Renders records by the spec's templates and cuts their tokens to its limits.

    It makes its own tokenizer from the vocabulary: every setting of the text side is read from `spec`, here alone.
    """

    def __init__(self, spec: TextSpec, vocabulary: Sequence[str]) -> None:
        self.spec = spec
        self.wordpiece = WordPiece(vocabulary, spec.lowercase)
        self._profile, self._item, self._event, self._context = spec.templates()

    @classmethod
    def open(cls, spec: Path, vocabulary: Path) -> TextEncoder:
        """From a text.json and a vocab.txt, those of a prepared run or of an installed bundle."""
        return cls(read_spec(spec), read_vocabulary(vocabulary))

    def profile_text(self, user: User) -> str:
        """The rendered profile. Errors: a value that the template cannot render."""
        return _render(self._profile, user.attributes, "the user")

    def item_text(self, item: Item) -> str:
        """What the item is: the same wherever it stands."""
        return _render(self._item, item.attributes, f"item {item.id!r}")

    def phrase_text(self, event: Event) -> str:
        """What was done in the event, without its item."""
        return _render(self._event, event.attributes, f"an event with item {event.item.id!r}")

    def context_text(self, item: Item) -> str:
        """What is known of a candidate at the moment, without what it is."""
        return _render(self._context, item.attributes, f"candidate {item.id!r}")

    def event_text(self, event: Event) -> str:
        """The phrase and the item."""
        return _joined(self.phrase_text(event), self.item_text(event.item))

    def candidate_text(self, item: Item) -> str:
        """The context, which a long item must not cut off, and the item."""
        return _joined(self.context_text(item), self.item_text(item))

    def profile(self, user: User) -> Segment:
        """[BOS'] and the profile's tokens."""
        return profile_segment(self.spec, self.wordpiece.encode(self.profile_text(user)))

    def event(self, event: Event) -> Segment:
        """The event's tokens alone; may be empty."""
        return event_segment(self.spec, self.wordpiece.encode(self.event_text(event)))

    def candidate(self, item: Item) -> Segment:
        """[BOS], the candidate's tokens, [EOS]."""
        return candidate_segment(self.spec, self.wordpiece.encode(self.candidate_text(item)))

    def user(self, user: User, events: Sequence[Event]) -> tuple[Segment, ...]:
        """Profile, the newest events that fit (oldest first), closing."""
        return user_segments(self.spec, self.profile(user), map(self.event, reversed(events)))


def profile_segment(spec: TextSpec, tokens: Sequence[int]) -> Segment:
    """[BOS'] and the tokens of a profile's text, cut."""
    return (BOS_USER, *tokens[: spec.max_segment_tokens - 1])


def event_segment(spec: TextSpec, tokens: Sequence[int]) -> Segment:
    """The tokens of an event's phrase and item, cut."""
    return tuple(tokens[: spec.max_segment_tokens])


def candidate_segment(spec: TextSpec, tokens: Sequence[int]) -> Segment:
    """[BOS], the tokens of a candidate's context and item, cut, [EOS]."""
    return (BOS, *tokens[: spec.max_segment_tokens - 2], EOS)


def user_segments(spec: TextSpec, profile: Segment, newest_first: Iterable[Segment]) -> tuple[Segment, ...]:
    """Profile, the newest events that fit (oldest first), closing."""
    budget = spec.max_user_tokens - len(profile) - 1
    kept: list[Segment] = []
    for segment in newest_first:
        budget -= len(segment)
        if budget < 0 or len(kept) == spec.max_events:
            break
        if segment:
            kept.append(segment)
    return (profile, *kept[::-1], CLOSING)


def _joined(first: str, second: str) -> str:
    return f"{first} {second}" if first and second else first or second


def _render(template: Template, scope: Mapping[str, Any], record: str) -> str:
    try:
        return template.render(scope)
    except EdgeError as error:
        raise EdgeError(f"{record}: {error.problem}", evidence=error.evidence, fix=error.fix) from error


def segment_slots(segments: Sequence[Sequence[int]]) -> list[int]:
    """The segment embedding of each user-side segment: profile 0, events by recency from 3, closing 2."""
    events = len(segments) - 2
    return [PROFILE_SLOT, *range(NEWEST_EVENT_SLOT + events - 1, NEWEST_EVENT_SLOT - 1, -1), CLOSING_SLOT]
