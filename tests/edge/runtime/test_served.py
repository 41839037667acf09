"""The log says what was scored, in rows that a table of impressions has, and in bounded memory."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from runnable_weights import random_engine, reading

from edge.bundle.exits import Calibration, Exit, MeasuredExit
from edge.runtime.costs import Costs
from edge.runtime.model import Model
from edge.runtime.ranked import Explanation, Ranked
from edge.runtime.ranker import Ranker
from edge.runtime.served import Served, ServedLog
from edge.text.types import Event, Item, User

FREE = ((1.0, 0.0),)
PERSON = User({"kind": "new", "item": "a name that rows use"})
ITEMS = [Item(id, {"title": title, "year": 2000, "genres": ("a", "b")}) for id, title in (("x", "sea"), ("y", "red"))]


def ranker_of(log_rows: int = 1_000, calibration: Calibration | None = None) -> Ranker:
    exits = (MeasuredExit(Exit(1, 1), {"auc": 0.6}, calibration), MeasuredExit(Exit(2, 2), {"auc": 0.7}))
    costs = Costs(FREE, FREE, FREE, (FREE,) * 3)
    return Ranker(Model(random_engine(), reading(), costs, exits), 1.0, log_rows)


def rows_of(ranker: Ranker) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ranker.log().splitlines()]


def test_a_row_says_what_was_asked_and_what_was_answered_in_the_order_it_was_shown() -> None:
    ranker = ranker_of(calibration=Calibration(2.0, 0.1))
    user = ranker.user(PERSON, [Event(ITEMS[0], {"liked": False}, 5.0)], id="u7")
    ranked = ranker.rank(user, ITEMS, exit=(1, 1), time_s=99.5)
    first, second = rows_of(ranker)
    assert [first["item"], second["item"]] == [item.id for item in ranked.items]
    assert [first["score"], second["score"]] == list(ranked.scores)
    assert first == {
        "request": second["request"], "user": "u7", "time": 99.5, "item": ranked.items[0].id, "liked": 0, "place": 1,
        "score": ranked.scores[0], "probability": True, "exit": "1/1", "events": 1, "user.kind": "new",
        "user.item": "a name that rows use", "item.title": ranked.items[0].attributes["title"], "item.year": 2000,
        "item.genres": ["a", "b"],
    }  # fmt: skip


def test_what_was_given_is_forgotten_and_every_request_has_a_name_of_its_own() -> None:
    ranker, other = ranker_of(), ranker_of()
    for each in (ranker, ranker, other):
        each.rank(each.user(PERSON), ITEMS, time_s=1.0)
    rows = rows_of(ranker)
    assert rows_of(ranker) == []
    ranker.rank(ranker.user(PERSON), ITEMS, time_s=1.0)
    names = [row["request"] for row in (*rows, *rows_of(ranker), *rows_of(other))]
    assert len(names) == 8 and len(set(names)) == 4
    assert len({row["user"] for row in rows}) == 2  # who has no id gets one of their own


def test_an_event_labels_the_newest_request_that_showed_its_item_to_that_user() -> None:
    ranker = ranker_of()
    user, other = ranker.user(PERSON, id="a"), ranker.user(PERSON, id="b")
    for who in (user, user, other):
        ranker.rank(who, ITEMS, time_s=1.0)
    ranker.rank(user, ITEMS[1:], time_s=2.0)
    user.add(Event(ITEMS[0], {"liked": True, "bought": True}, 3.0))
    user.add(Event(ITEMS[1], {"liked": False, "rating": 2}, 4.0))
    user.add(Event(Item("z", {"title": "film"}), {"liked": True}, 5.0))  # nobody was shown it
    labels = [(row["user"], row["item"], row["liked"], row["bought"], row.get("rating")) for row in rows_of(ranker)]
    assert sorted(labels[:2]) == [("a", "x", 0, 0, None), ("a", "y", 0, 0, None)]
    assert sorted(labels[2:4]) == [("a", "x", 1, 1, None), ("a", "y", 0, 0, None)]
    assert sorted(labels[4:6]) == [("b", "x", 0, 0, None), ("b", "y", 0, 0, None)]
    assert labels[6:] == [("a", "y", 0, 0, 2)]


def test_beyond_its_rows_the_oldest_requests_leave_whole() -> None:
    ranker = ranker_of(log_rows=5)
    user = ranker.user(PERSON)
    for moment in range(4):
        ranker.rank(user, ITEMS, time_s=float(moment))
    assert [row["time"] for row in rows_of(ranker)] == [2.0, 2.0, 3.0, 3.0]
    none = ranker_of(log_rows=0)
    none.rank(none.user(PERSON), ITEMS)
    assert none.log() == ""


def test_a_request_without_a_moment_is_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.runtime.ranker.time.time", lambda: 1234.5)
    ranker = ranker_of()
    ranker.rank(ranker.user(PERSON), ITEMS)
    assert {row["time"] for row in rows_of(ranker)} == {1234.5}


def test_a_score_that_is_no_number_is_null() -> None:
    log, exit = ServedLog(9), Exit(1, 1)
    why = Explanation(exit, exit, 0.0, 0.0, 0, 0, None)
    log.add(Served("u", PERSON, 0, 1.0, Ranked((ITEMS[0],), (math.nan,), why)))
    assert json.loads(log.drain())["score"] is None
