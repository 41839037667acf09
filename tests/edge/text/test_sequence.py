"""Truncation: what stays, what goes first, and which embedding each segment gets."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config import from_dict, to_dict
from edge.errors import EdgeError
from edge.text import SPECIAL_TOKENS, Event, Item, TextEncoder, TextSpec, User, segment_slots
from edge.text.wordpiece import BOS, BOS_USER, EOS, EOS_USER

LETTERS = "abcdefghijklmnopqrstuvwxyz"
VOCABULARY = (*SPECIAL_TOKENS, *LETTERS)
SPEC = TextSpec(
    profile="[[{name}]]",
    item="[[{title}]]",
    event="",
    max_events=4,
    max_segment_tokens=6,
    max_user_tokens=16,
)

titles = st.text(alphabet="ab ", max_size=12).map(lambda letters: " ".join(letters))


def encoder(**changes: object) -> TextEncoder:
    return TextEncoder(dataclasses.replace(SPEC, **changes), VOCABULARY)  # type: ignore[arg-type]


def watched(*titles: str) -> list[Event]:
    return [Event(Item("", {"title": title})) for title in titles]


def ids(letters: str) -> tuple[int, ...]:
    return tuple(7 + LETTERS.index(letter) for letter in letters)


def test_segments_are_cut_at_the_end_of_the_text_and_keep_their_special_tokens() -> None:
    assert encoder().profile(User({"name": "a b c d e f g"})) == (BOS_USER, *ids("abcde"))
    assert encoder().event(watched("a b c d e f g")[0]) == ids("abcdef")
    assert encoder().candidate(Item("1", {"title": "a b c d e f g"})) == (BOS, *ids("abcd"), EOS)


def test_the_newest_events_stay_and_come_oldest_first() -> None:
    segments = encoder().user(User(), watched("a", "b", "c", "d", "e", "f"))
    assert segments == ((BOS_USER,), ids("c"), ids("d"), ids("e"), ids("f"), (EOS_USER,))


def test_the_oldest_event_goes_when_one_token_is_too_many() -> None:
    history = watched("a b", "c d e f", "g h i j k")
    exact = 1 + 2 + 4 + 5 + 1
    fits = encoder(max_user_tokens=exact).user(User(), history)
    assert [len(segment) for segment in fits] == [1, 2, 4, 5, 1]
    cut = encoder(max_user_tokens=exact - 1).user(User(), history)
    assert [len(segment) for segment in cut] == [1, 4, 5, 1]


def test_no_older_event_fills_the_room_that_a_longer_one_left() -> None:
    segments = encoder(max_user_tokens=8).user(User(), watched("a", "b c d e f g", "h i"))
    assert segments == ((BOS_USER,), ids("hi"), (EOS_USER,))


def test_an_event_without_tokens_is_left_out_and_takes_no_place() -> None:
    segments = encoder(max_events=2).user(User(), watched("a", "b", "", "\u200b", "c"))
    assert segments == ((BOS_USER,), ids("b"), ids("c"), (EOS_USER,))


def test_a_user_without_anything_is_profile_and_closing() -> None:
    segments = encoder().user(User(), [])
    assert segments == ((BOS_USER,), (EOS_USER,))
    assert segment_slots(segments) == [0, 2]


@given(titles, st.lists(titles, max_size=8))
def test_a_user_side_never_exceeds_its_limits(name: str, history: list[str]) -> None:
    segments = encoder().user(User({"name": name}), watched(*history))
    slots = segment_slots(segments)
    assert sum(map(len, segments)) <= SPEC.max_user_tokens
    assert max(map(len, segments)) <= SPEC.max_segment_tokens
    assert segments[0][0] == BOS_USER and segments[-1] == (EOS_USER,)
    assert len(slots) == len(segments) and len(set(slots)) == len(slots)
    assert max(slots) < SPEC.slots
    assert slots[1:-1] == list(range(len(segments), 2, -1))


@given(st.lists(titles, max_size=8), titles)
def test_one_more_event_only_drops_old_segments(history: list[str], newest: str) -> None:
    before = encoder().user(User(), watched(*history))[1:-1]
    after = encoder().user(User(), watched(*history, newest))[1:-1]
    kept = after[:-1] if encoder().event(watched(newest)[0]) else after
    assert before[len(before) - len(kept) :] == kept


def test_an_item_that_lacks_a_needed_attribute_is_named() -> None:
    with pytest.raises(EdgeError, match="item '172': template 'item' column 1: 'title' has no value"):
        encoder(item="{title}").candidate(Item("172", {"year": 1980}))


def test_the_specification_survives_json() -> None:
    assert from_dict(TextSpec, to_dict(SPEC)) == SPEC
    assert SPEC.slots == 7


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"schema": "edge-ranker/text/1"}, "schema"),
        ({"max_events": -1}, "max_events"),
        ({"max_segment_tokens": 2}, "max_segment_tokens"),
        ({"max_user_tokens": 6}, "max_user_tokens"),
        ({"event": "{user.name}"}, "template 'event' column 1"),
        ({"item": "{item.title}"}, "template 'item' column 1"),
        ({"context": "]]"}, "template 'context' column 1"),
        ({"profile": "[["}, "template 'profile' column 1"),
    ],
)
def test_a_specification_that_cannot_work_is_refused_when_made(changes: dict[str, object], words: str) -> None:
    with pytest.raises(EdgeError, match=words):
        encoder(**changes)
