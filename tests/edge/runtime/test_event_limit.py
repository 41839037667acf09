"""A user's list of events has an end; adding one looks at none of the others."""

from __future__ import annotations

from dataclasses import replace

import pytest
from measured_exits import measured
from runnable_weights import random_engine, reading

from edge.bundle.exits import Exit
from edge.errors import EdgeError
from edge.runtime import user_state as module
from edge.runtime.costs import Costs
from edge.runtime.model import Model
from edge.runtime.ranker import Ranker
from edge.text.checks import MAX_EVENTS
from edge.text.types import Event, Item, User

FREE = ((1.0, 0.0),)
PERSON = User({"kind": "new"})
ITEMS = [Item("a", {"title": "blue sea", "year": 2000}), Item("b", {"title": "old film", "year": 1990})]


@pytest.fixture
def ranker() -> Ranker:
    costs = Costs(FREE, FREE, FREE, (FREE,) * 3)
    return Ranker(Model(random_engine(), reading(), costs, measured({Exit(2, 2): None})))


def events(count: int) -> list[Event]:
    titles = ("red", "green film", "blue of sea")
    return [
        Event(Item("", {"title": titles[number % 3], "year": number}), {"liked": number % 2 == 0}, float(number))
        for number in range(count)
    ]


def test_when_the_list_is_full_its_oldest_quarter_leaves(ranker: Ranker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_EVENTS", 20)
    grown, happened = ranker.user(PERSON), events(43)
    for count, event in enumerate(happened, 1):
        grown.add(event)
        left = happened[5 * max(-(-(count - 20) // 5), 0) : count]
        assert grown._timeline.events == left and len(left) <= 20
        if count in (20, 21, 22, 26, 43):
            whole = ranker.user(PERSON, left)
            one, other = (ranker.rank(user, ITEMS, time_s=99.0) for user in (grown, whole))
            assert one.scores == pytest.approx(other.scores, abs=1e-4)
    with pytest.raises(EdgeError, match="older than one"):
        grown.add(replace(happened[0], time=41.0))


def test_a_list_that_is_given_at_once_may_be_full_and_no_longer(ranker: Ranker) -> None:
    alike = Event(Item("", {"title": "red"}), {"liked": True})
    user = ranker.user(PERSON, [alike] * MAX_EVENTS)
    with pytest.raises(EdgeError, match="events has 10,001 entries, 10,000 at most") as refused:
        ranker.user(PERSON, [alike] * (MAX_EVENTS + 1))
    assert refused.value.fix == "send the newest"
    user.add(alike)
    assert len(user._timeline.events) == 7_501


def test_a_refused_event_makes_no_other_leave(ranker: Ranker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_EVENTS", 8)
    user, happened = ranker.user(PERSON, events(8)), events(8)
    with pytest.raises(EdgeError):
        user.add(Event(ITEMS[0], {"liked": "yes"}, 9.0))
    assert user._timeline.events == happened


def test_an_event_without_a_time_is_after_all_others_and_hides_none_of_their_times(ranker: Ranker) -> None:
    user = ranker.user(PERSON, events(3))
    user.add(replace(events(1)[0], time=None))
    with pytest.raises(EdgeError, match="older than one"):
        user.add(replace(events(1)[0], time=1.5))
    user.add(replace(events(1)[0], time=2.0))


def test_adding_looks_at_no_other_event(ranker: Ranker) -> None:
    """However many there are: a list that cannot be read through is added to."""

    class Closed(list[Event]):
        def __iter__(self) -> object:  # type: ignore[override]
            raise AssertionError("an event was looked at")

    user = ranker.user(PERSON, events(5))
    user._timeline.events = Closed(user._timeline.events)
    user.add(replace(events(1)[0], time=50.0))
    assert len(user._timeline.events) == 6
