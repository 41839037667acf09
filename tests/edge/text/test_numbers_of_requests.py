from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_numbers import plain_log1p, plain_numbers
from request_numbers import request_numbers

from edge.config import from_dict, to_dict
from edge.errors import EdgeError
from edge.text.arithmetic import log1p
from edge.text.number import Number, check_numbers
from edge.text.offered import NumberGroups
from edge.text.request import request_from_json
from edge.text.types import Event, Item, User
from edge.text.user_numbers import MOST_ROWS, UserNumbers

amounts = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-1e12, 1e12) | st.sampled_from([0.1, 3.7, 1e15])
words = (
    st.none() | st.sampled_from(["a", "b", " ", "", "1"]) | st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=4)
)
same = words | st.sampled_from([1, 1.0, True, 2.5])
items = st.fixed_dictionaries({"price": amounts, "genres": same})


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    count = draw(st.integers(0, 7))
    times: list[Any] = sorted(draw(st.lists(st.sampled_from([1, 2, 2.5, 4, 900]), min_size=count, max_size=count)))
    times = [None if draw(st.integers(0, 4)) == 0 else time for time in times]
    events = [{"item": draw(items), "liked": draw(amounts), "rating": draw(amounts), "time": time} for time in times]
    offered = [draw(items) | {"id": str(place)} for place in range(draw(st.integers(1, 3)))]
    time = draw(st.none() | st.sampled_from([0, 900.5, 10**9]))
    return {"user": {"age": draw(amounts)}, "events": events, "candidates": offered, "time": time}


@st.composite
def numbers(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["", "count", "mean", "seconds"]))
    found: dict[str, Any] = {"name": "n", "history": kind}
    if not kind:
        found["of"] = draw(st.sampled_from(["item.price", "user.age"]))
    else:
        found |= {"where": draw(st.sampled_from(["", "liked"])), "last": draw(st.integers(0, 3))}
        if draw(st.booleans()):
            found |= {"same": "genres", "over": draw(st.sampled_from(["mean", "most", "least"]))}
    if kind == "seconds" and "same" not in found:
        found["last"] = 0
    if kind == "mean":
        found["of"] = draw(st.sampled_from(["rating", "item.price"]))
        found["minus"] = draw(st.sampled_from(["", "item.price", "liked"]))
        found["smoothing"] = draw(st.sampled_from([0, 1, 2.5]))
        found["prior"] = draw(st.none() | st.floats(-2, 2))
    found["transform"] = draw(st.sampled_from(["", "log1p"]))
    return found | {"mean": draw(st.floats(-2, 2)), "spread": draw(st.sampled_from([1.0, 0.3, 1e6]))}


def computed(wanted: list[dict[str, Any]], request: dict[str, Any]) -> dict[str, Any]:
    made = tuple(from_dict(Number, values) for values in wanted)
    events, candidates = request_numbers(made, request_from_json(request))
    return {"events": plain(events), "candidates": plain(candidates)}


def plain(rows: np.ndarray) -> list[list[float | None]]:
    return [[None if math.isnan(value) else value for value in row] for row in rows.tolist()]


@settings(max_examples=400, deadline=None)
@given(st.lists(numbers(), min_size=1, max_size=4), requests())
def test_columns_give_what_the_specification_read_row_by_row_gives(
    wanted: list[dict[str, Any]], request: dict[str, Any]
) -> None:
    assert computed(wanted, request) == plain_numbers(wanted, request)


@given(st.floats(-1e300, 1e300))
def test_log1p_is_the_specified_one_and_near_the_exact_one(value: float) -> None:
    found = float(log1p(np.array([value]))[0])
    assert found == plain_log1p(value)
    assert found == pytest.approx(math.copysign(math.log1p(abs(value)), value), rel=1e-14, abs=3e-16)


def test_a_number_that_is_no_number_is_refused_with_its_path() -> None:
    wanted = [{"name": "p", "history": "mean", "of": "item.price"}]
    request = {"events": [{"item": {"price": "low"}}], "candidates": [{"id": "1"}]}
    with pytest.raises(EdgeError, match=r"events\[0\].item.price is 'low'"):
        computed(wanted, request)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"name": " ", "of": "item.price"}, "no name"),
        ({"name": "n"}, "reads ''"),
        ({"name": "n", "of": "price"}, "reads 'price'"),
        ({"name": "n", "of": "event.price"}, "reads 'event.price'"),
        ({"name": "n", "of": "item.price", "same": "genres"}, "has same = 'genres', which without history"),
        ({"name": "n", "of": "item.price", "prior": 0.0}, "has prior = 0.0"),
        ({"name": "n", "history": "count", "of": "liked"}, "has of = 'liked'"),
        ({"name": "n", "history": "mean"}, "is a mean without 'of'"),
        ({"name": "n", "history": "mean", "of": "user.age"}, "has of = 'user.age'"),
        ({"name": "n", "history": "count", "over": "most"}, "has over = 'most'"),
        ({"name": "n", "history": "count", "same": "item.genres"}, "has same = 'item.genres'"),
        ({"name": "n", "history": "mean", "of": "liked", "smoothing": -1}, "has smoothing = -1"),
        ({"name": "n", "of": "item.price", "spread": 0}, "has spread = 0"),
        ({"name": "n", "of": "item.price", "mean": float("nan")}, "has mean = nan"),
        ({"name": "n", "history": "count", "last": -1}, "has last = -1"),
        ({"name": "n", "history": "seconds", "last": 5}, 'has last = 5, which with history = "seconds" and without'),
        ({"name": "n", "history": "median", "of": "liked"}, "must be one of"),
    ],
)
def test_a_number_that_means_nothing_is_refused_when_made(values: dict[str, Any], words: str) -> None:
    with pytest.raises(EdgeError, match=words):
        from_dict(Number, values)


def test_two_numbers_of_one_name_are_refused() -> None:
    with pytest.raises(EdgeError, match="names 'n' twice"):
        check_numbers((Number("n", of="item.a"), Number("n", of="item.b")))


def test_a_number_survives_json() -> None:
    number = Number("n", of="liked", history="mean", same="genres", over="most", smoothing=2.0, prior=0.5)
    assert from_dict(Number, to_dict(number)) == number


@settings(max_examples=25, deadline=None)
@given(st.lists(numbers(), min_size=1, max_size=4), requests(), st.lists(st.floats(0, 1e9), max_size=2))
def test_a_user_who_grows_has_the_numbers_of_one_read_whole_at_every_moment(
    wanted: list[dict[str, Any]], request: dict[str, Any], moments: list[float]
) -> None:
    made, whole = tuple(from_dict(Number, values) for values in wanted), request_from_json(request)
    groups = NumberGroups(made)
    user, offered = UserNumbers(groups, whole.user), groups.offered(whole.candidates)
    for count in range(len(whole.events) + 1):
        for moment in (whole.time, *moments, whole.time):  # what is kept of one is not taken for another's
            now = request | {"events": request["events"][:count], "time": moment}
            assert plain(user.of_candidates(offered, moment)) == computed(wanted, now)["candidates"]
            assert plain(user.of_events(max(count - 2, 0))) == computed(wanted, now)["events"][max(count - 2, 0) :]
        if count < len(whole.events):
            user.add(whole.events[count])


def test_numbers_of_many_items_are_kept_within_a_bound_and_stay_the_same() -> None:
    groups = NumberGroups((Number("n", history="count", same="genre"),))
    user = UserNumbers(groups, User())
    for name in ("g1", "g2", "g2"):
        user.add(Event(Item("", {"genre": name})))
    for first in range(0, 2 * MOST_ROWS, 1_000):
        items = [Item(f"{number}", {"genre": f"g{number}"}) for number in (1, 2, *range(first + 3, first + 1_000))]
        found = user.of_candidates(groups.offered(items), None)[:, 0]
        assert found[:2].tolist() == [1, 2] and not found[2:].any()
        assert sum(len(table.rows) for table in user._tables.values()) <= MOST_ROWS + 1_000


def test_an_event_that_is_refused_changes_nothing() -> None:
    groups = NumberGroups((Number("n", of="liked", history="mean"), Number("p", of="item.price")))
    user = UserNumbers(groups, User())
    user.add(Event(Item("", {"price": 2}), {"liked": True}))
    with pytest.raises(EdgeError, match=r"events\[1\].item.price"):
        user.add(Event(Item("", {"price": "two"}), {"liked": False}))
    assert user.of_events(0).shape == (1, 2)
    assert user.of_candidates(groups.offered([Item("1", {"price": 3})]), None).tolist() == [[1, 3]]
