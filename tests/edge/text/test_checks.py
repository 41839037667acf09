"""Records that a caller made meet the rules of parsed ones, whether they are looked at together or one by one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import EdgeError
from edge.text import Event, Item, User, parse_request, request_from_json
from edge.text import checks as module
from edge.text.checks import check_candidates, check_event, check_events, check_item, check_times, check_user

Record = dict[str, Any]


def refusal(check: Callable[..., object], *given: Any) -> str:
    """The problem that `given` is refused with; nothing if it is not."""
    try:
        check(*given)
    except EdgeError as error:
        assert len(error.problem) < 400
        return error.problem
    return ""


def made(item: Record) -> Item:
    return Item(item.get("id", ""), {name: tupled(value) for name, value in item.items() if name != "id"})


def made_event(event: Record) -> Event:
    rest = {name: tupled(value) for name, value in event.items() if name not in ("item", "time")}
    return Event(made(event["item"]), rest, event.get("time"))


def tupled(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


BROKEN_VALUES = [
    (float("nan"), "is nan, which is not a number"),
    (float("inf"), "is out of range: inf"),
    (-1.1e15, "is out of range"),
    (10**400, "is out of range"),
    ("x" * 10_001, "is 10,001 characters long"),
    ("a\ud800", "half of a surrogate pair"),
    (["x"] * 101, "has 101 entries"),
    (["x", 3], "[1] must be a string, not 3"),
    (["x", "\udfff"], "[1] is not valid Unicode"),
    ({"b": 1}, "must be a string, a number"),
]


@pytest.mark.parametrize(("value", "problem"), BROKEN_VALUES)
def test_a_value_is_refused_alike_wherever_it_stands_and_however_it_came(value: Any, problem: str) -> None:
    item, event = {"id": "1", "a": value}, {"item": {"title": "x"}, "a": value}
    in_item = {"item": {"a": value}}
    sound: Record = {"id": "0", "title": "Heat"}
    cases: list[tuple[Record, Callable[..., object], Any, str]] = [
        ({"user": {"a": value}}, check_user, User({"a": tupled(value)}), "user.a"),
        ({"events": [{"item": {}}, event]}, check_events, [made_event({"item": {}}), made_event(event)], "events[1].a"),
        ({"events": [in_item]}, check_events, [made_event(in_item)], "events[0].item.a"),
        ({"candidates": [sound, item]}, check_candidates, [made(sound), made(item)], "candidates[1].a"),
    ]
    for record, check, records, path in cases:
        parsed = refusal(request_from_json, {"candidates": [sound]} | record)
        assert parsed == refusal(check, records)
        assert parsed.startswith(path) and problem in parsed


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        ({"candidates": [{"id": ""}]}, "candidates[0].id is empty"),
        ({"candidates": [{"id": None}]}, "candidates[0].id must be a string, not None"),
        ({"candidates": [{"id": 7}]}, "candidates[0].id must be a string, not 7"),
        ({"candidates": [{"id": "a\ud800"}]}, "candidates[0].id is not valid Unicode"),
        ({"candidates": [{"id": "a"}, {"id": "b"}, {"id": "a"}]}, "candidates[2].id repeats candidates[0].id: 'a'"),
        ({"candidates": [{"id": str(k)} for k in range(3000)]}, "candidates has 3,000 entries, 1,000 at most"),
        ({"candidates": [{"id": "1"} | {str(k): 1 for k in range(101)}]}, "candidates[0] has 101 attributes"),
        ({"candidates": [{"id": "1", "": 1}]}, "candidates[0] has an attribute named ''"),
        ({"candidates": [{"id": "1", "n" * 101: 1}]}, "candidates[0] has an attribute named 'nnn"),
        ({"candidates": [{"id": "1", "\ud800": 1}]}, "an attribute name of candidates[0] is not valid Unicode"),
        ({"events": [{"item": {}, "time": "now"}]}, "events[0].time must be a number, not 'now'"),
        ({"events": [{"item": {}, "time": True}]}, "events[0].time must be a number, not True"),
        ({"events": [{"item": {}, "time": float("nan")}]}, "events[0].time is nan"),
        (
            {"events": [{"item": {}, "time": 2}, {"item": {}}, {"item": {}, "time": 1}]},
            "events[2].time is before events[0].time",
        ),
        ({"events": [{"item": {}}] * 10_001}, "events has 10,001 entries, 10,000 at most"),
    ],
)  # fmt: skip
def test_a_broken_record_is_refused_alike_whether_it_was_parsed_or_made(record: Record, problem: str) -> None:
    parsed = refusal(request_from_json, {"candidates": [{"id": "0"}]} | record)
    assert parsed.startswith(problem)
    if "candidates" in record:
        assert parsed == refusal(check_candidates, [made(item) for item in record["candidates"]])
    else:
        assert parsed == refusal(check_events, [made_event(event) for event in record["events"]])


@pytest.mark.parametrize(
    ("check", "given", "problem"),
    [
        (check_user, {"age": 24}, "user must be a User, not {'age': 24} (dict)"),
        (check_user, None, "user must be a User, not None"),
        (check_user, User([("age", 24)]), "user.attributes must be a dict"),  # type: ignore[arg-type]
        (check_user, User({1: 2}), "user has an attribute named 1"),  # type: ignore[dict-item]
        (check_user, User({"a": ["x"]}), "user.a must be a tuple of strings, not the list ['x']"),  # type: ignore[dict-item]
        (check_user, User({"a": b"x"}), "user.a must be a string, a number, true, false, null or a list of strings"),  # type: ignore[dict-item]
        (check_user, User({"a": np.int64(3)}), "user.a must be a string, a number"),  # type: ignore[dict-item]
        (check_user, User({"a": Decimal(3)}), "user.a must be a string, a number"),  # type: ignore[dict-item]
        (check_events, None, "events must be a list or a tuple of Events, not None"),
        (check_events, {}, "events must be a list or a tuple of Events, not {} (dict)"),
        (check_events, iter(()), "events must be a list or a tuple of Events"),
        (check_events, [Item("1")], "events[0] must be an Event, not Item("),
        (check_events, [Event({"title": "x"})], "events[0].item must be an Item, not {'title': 'x'} (dict)"),  # type: ignore[arg-type]
        (check_events, [Event(Item(""), {"item": "x"})], "events[0] has an attribute named 'item'"),
        (check_events, [Event(Item(""), None)], "events[0].attributes must be a dict, not None"),  # type: ignore[arg-type]
        (check_candidates, (Item(str(k)) for k in range(3)), "candidates must be a list or a tuple of Items"),
        (check_candidates, "ab", "candidates must be a list or a tuple of Items, not 'ab' (str)"),
        (check_candidates, {Item: 1}, "candidates must be a list or a tuple of Items"),
        (check_candidates, [Item("1"), {"id": "2"}], "candidates[1] must be an Item, not {'id': '2'} (dict)"),
        (check_candidates, [Item("1", None)], "candidates[0].attributes must be a dict, not None"),  # type: ignore[arg-type]
        (check_candidates, [Item(1)], "candidates[0].id must be a string, not 1"),  # type: ignore[arg-type]
        (check_candidates, [Item("1", {"id": "2"})], "candidates[0] has an attribute named 'id'"),
        (check_candidates, [Item("1", {"a": (["x"],)})], "candidates[0].a[0] must be a string, not ['x']"),  # type: ignore[dict-item]
    ],
)  # fmt: skip
def test_what_no_json_can_hold_is_refused_by_its_place_too(
    check: Callable[..., object], given: Any, problem: str
) -> None:
    assert refusal(check, given).startswith(problem)


def test_the_fix_of_a_list_and_of_a_number_of_another_kind_says_what_to_write() -> None:
    for value, fix in ((["x"], "tuple(...)"), (np.int64(3), "int(...) or float(...)"), (b"x", "")):
        with pytest.raises(EdgeError) as refused:
            check_user(User({"a": value}))  # type: ignore[dict-item]
        assert refused.value.fix == fix


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError


def test_what_cannot_be_printed_is_refused_by_its_type() -> None:
    assert refusal(check_user, Unprintable()) == "user must be a User, not an object of Unprintable (Unprintable)"
    assert refusal(check_user, User({"a": 10**5000})) == "user.a is out of range: a number of thousands of digits"


def test_numbers_of_numpy_that_are_floats_and_other_mappings_are_taken() -> None:
    check_candidates([Item("1", MappingProxyType({"a": np.float64(3), "b": np.str_("x")}))])
    check_user(User())
    check_candidates([])
    check_events([])


junk = st.sampled_from([
    None, True, 3, 10**15, 10**15 + 1, -(10**400), 0.5, float("nan"), float("inf"), "", "x", "\ud800", "y" * 10_001,
    (), ("a",), ("a", 3), ("a", "\udc00"), ("z" * 10_001,), ("a",) * 101, ["a"], (["a"],), {}, b"x", Decimal(3),
    np.int64(3), np.float64(3),
])  # fmt: skip
usual = st.sampled_from([None, False, 1, 1.5, "Heat", "東京", ("Drama", "Crime"), ()])
values = st.one_of(usual, usual, usual, junk)
names = st.sampled_from(
    ["a", "b", "c", "title", "a", "b", "c", "title", "id", "item", "time", "", "n" * 101, "\ud800", 3]
)
attributes = st.one_of(st.dictionaries(names, values, max_size=3), st.dictionaries(names, usual, max_size=3))
records: Any = st.one_of(attributes, attributes, attributes, attributes, st.sampled_from([None, (), "ab", [("a", 1)]]))
items = st.builds(Item, st.one_of(st.text("ab", max_size=3), junk), records)
events = st.builds(Event, st.one_of(items, items, items, junk), records, st.one_of(st.none(), usual, junk))


@settings(max_examples=500, deadline=None)
@given(st.lists(items, max_size=4), st.lists(events, max_size=4))
def test_looking_at_all_at_once_never_passes_what_one_by_one_is_refused(items: list[Item], events: list[Event]) -> None:
    def item_by_item() -> None:
        for index, item in enumerate(items):
            check_item(item, f"candidates[{index}]")
        module.check_ids([item.id for item in items])

    def event_by_event() -> None:
        for index, event in enumerate(events):
            check_event(event, f"events[{index}]")
        check_times([event.time for event in events])

    assert refusal(check_candidates, items) == refusal(item_by_item)
    assert refusal(check_events, events) == refusal(event_by_event)


def test_usual_records_are_not_gone_through_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(values: Mapping[str, Any], *rest: Any) -> None:
        raise AssertionError(values)

    monkeypatch.setattr(module, "check_attributes", refuse)
    rows = [{"title": f"Heat {k}", "year": 1990 + k, "genres": ("Drama",), "liked": True, "x": None} for k in range(9)]
    check_candidates([Item(str(k), row) for k, row in enumerate(rows)])
    check_events([Event(Item("", row), {"liked": False}, float(k)) for k, row in enumerate(rows)])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "the request must be JSON text, not NoneType"),
        ({"candidates": []}, "the request must be JSON text, not dict"),
        (5, "the request must be JSON text, not int"),
        ("\ufeff{}", "the request starts with a byte order mark"),
        (b"\xef\xbb\xbf{}", "the request starts with a byte order mark"),
        (b"\xff{}", "the request is not UTF-8 text"),
        ('{"candidates": [{"id": "1", "a": %s}]}' % ("9" * 5000), "candidates[0].a is out of range: inf"),
        ('{"candidates": [{"id": "1", "a": -%s}]}' % ("9" * 4001), "candidates[0].a is out of range: -inf"),
        ('{"candidates": [{"id": "1", "a": %s}]}' % ("9" * 4000), "candidates[0].a is out of range: 999"),
    ],
)  # fmt: skip
def test_what_is_no_json_text_and_numbers_of_any_length_are_refused_in_words(text: Any, problem: str) -> None:
    with pytest.raises(EdgeError) as refused:
        parse_request(text)
    assert refused.value.problem.startswith(problem)
    assert "sys." not in str(refused.value)


def test_of_two_faults_the_one_that_comes_first_in_the_order_of_the_checks_is_named() -> None:
    parts: dict[str, Record] = {
        "unknown key": {"y": 1},
        "user.a": {"user": {"a": {}}},
        "events[0]": {"events": [{"item": {}, "a": {}}]},
        "events[1].time": {"events": [{"item": {}, "time": 2}, {"item": {}, "time": 1}]},
        "candidates[0].a": {"candidates": [{"id": "1", "a": {}}, {"id": "1"}]},
        "candidates[1].id": {"candidates": [{"id": "1"}, {"id": "1"}]},
    }
    order = list(parts)
    for place, first in enumerate(order):
        later: Record = {}
        for name in order[place:]:
            later = parts[name] | later
        assert first in refusal(parse_request, json.dumps({"candidates": [{"id": "0"}]} | later))
    assert "not JSON" in refusal(parse_request, '{"y": 1, "user": {"a": 1, "a": 2}}')
