"""Requests from JSON: equal both ways, and every limit holds at the door."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import EdgeError
from edge.text import Event, Item, Request, User, parse_request, request_from_json, request_to_json
from edge.text import checks as module

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**15), 10**15),
    st.floats(-1e15, 1e15),
    text,
    st.lists(text).map(tuple),
)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).filter(
    lambda name: name not in ("id", "item", "time")
)
attributes = st.dictionaries(names, values, max_size=4)
items = st.builds(Item, text.filter(bool), attributes)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    events = draw(st.lists(st.builds(Event, items, attributes, st.none()), max_size=4))
    stamps = sorted(draw(st.lists(st.integers(0, 2**31), min_size=len(events), max_size=len(events))))
    timed = tuple(Event(event.item, event.attributes, stamp) for event, stamp in zip(events, stamps, strict=True))
    candidates = draw(st.lists(items, min_size=1, max_size=4, unique_by=lambda item: item.id))
    return Request(User(draw(attributes)), timed, tuple(candidates), draw(st.none() | st.integers(0, 2**31)))


@settings(max_examples=200, deadline=None)
@given(requests())
def test_a_request_survives_json(request: Request) -> None:
    written = json.dumps(request_to_json(request))
    assert parse_request(written) == request
    assert parse_request(written.encode()) == request


def with_candidates(count: int) -> dict[str, Any]:
    return {"candidates": [{"id": str(number)} for number in range(count)]}


def test_limits_hold_exactly() -> None:
    event = {"item": {"title": "x"}}
    at_limit: dict[str, Any] = {
        "user": {"a": "x" * module.MAX_TEXT, "n" * module.MAX_NAME: 1e15, "l": ["x"] * module.MAX_LIST},
        "events": [event] * module.MAX_EVENTS,
    } | with_candidates(module.MAX_CANDIDATES)
    assert len(request_from_json(at_limit).candidates) == 1000
    for over, path in [
        (at_limit | {"user": {"a": "x" * (module.MAX_TEXT + 1)}}, r"user\.a is 10,001 characters"),
        (at_limit | {"user": {"n" * (module.MAX_NAME + 1): 1}}, "user has an attribute named"),
        (at_limit | {"user": {"l": ["x"] * (module.MAX_LIST + 1)}}, r"user\.l has 101 entries"),
        (at_limit | {"user": {str(key): 1 for key in range(101)}}, "user has 101 attributes"),
        (at_limit | {"user": {"a": -1.1e15}}, r"user\.a is out of range"),
        (at_limit | {"user": {"a": 10**400}}, r"user\.a is out of range"),
        (at_limit | {"events": [event] * (module.MAX_EVENTS + 1)}, "events has 10,001 entries"),
        (at_limit | with_candidates(module.MAX_CANDIDATES + 1), "candidates has 1,001 entries"),
    ]:
        with pytest.raises(EdgeError, match=path):
            request_from_json(over)


@pytest.mark.parametrize(
    "broken",
    [b"\xff{}", b"", b"null", "[" * 100_000, "9" * 5000, "\ufeff{}", b"\xef\xbb\xbf{}", b"{} {}"],
    ids=["not UTF-8", "nothing", "null", "deep", "long number", "byte order mark", "the same in bytes", "two values"],
)
def test_text_that_is_no_request_is_refused_in_words(broken: str | bytes) -> None:
    with pytest.raises(EdgeError, match="request"):
        parse_request(broken)


@settings(max_examples=300, deadline=None)
@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.sampled_from(["user", "events", "candidates", "item", "id", "time", "x"]),
                inner,
                max_size=4,
            ),
        ),
        max_leaves=12,
    )
)
def test_any_json_is_a_request_or_is_refused_in_words(value: object) -> None:
    try:
        request = request_from_json(value)
    except EdgeError as error:
        assert error.problem and len(error.problem) < 400
    else:
        assert request_from_json(request_to_json(request)) == request


def test_importing_text_loads_nothing_but_the_standard_library() -> None:
    code = "import sys; before = set(sys.modules); import edge.text; print(*(set(sys.modules) - before))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    packages = {name.partition(".")[0] for name in run.stdout.split()}
    assert packages - sys.stdlib_module_names == {"edge"}
