"""Example rankings: users chosen by a rule, what each score ranks highest, and what the user liked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
import pytest
from page_structure import check_structure

from cloud.data.log import TEST, TRAIN, Events
from cloud.data.rows import Prepared, Texts
from cloud.rivals.held_out import HeldOut
from edge.pages.page import Finding, Page, page_html
from edge.pages.picture import Picture
from edge.pages.table import Table
from pipeline.example_rankings import example_tables

USERS, TESTED = 11, 12  # user 0 has a test row too few
PAST = 7


@dataclass
class Rows:
    """A prepared run of users with `PAST` training rows and `TESTED` test rows each, the first half of them liked."""

    users: Texts = field(
        default_factory=lambda: Texts(tuple("abcdefghijk"), tuple(f"user {n}" for n in range(USERS)), ())
    )
    items: Texts = field(default_factory=lambda: Texts(("1",) * 20, tuple(f"item {n}" for n in range(20)), ()))
    phrases: Texts = field(default_factory=lambda: Texts(("0", "1"), ("not for me", "liked it"), ()))

    def column(self, name: str) -> Any:
        rows = [
            (user, place, place % 2 if place < PAST else int(place < PAST + TESTED // 2), place)
            for user in range(USERS)
            for place in range(PAST + (9 if user == 0 else TESTED))
        ]
        user, item, label, earlier = np.array(rows).T
        return {"user": user, "item": item, "label": label, "phrase": label, "earlier": earlier,
                "part": np.where(item < PAST, TRAIN, TEST), "event": np.ones(len(user), bool)}[name]  # fmt: skip

    def part(self, name: str) -> Any:
        assert name == "test"
        return np.flatnonzero(self.column("part") == TEST)


ROWS = Rows()


def held_out() -> HeldOut:
    user, item, label, part = map(ROWS.column, ("user", "item", "label", "part"))
    nothing = np.zeros((len(user), 0), dtype=np.int8)
    events = Events(user, item, item.astype(float), label.astype(bool), label.astype(float), nothing, nothing, part)
    return HeldOut(events, ROWS.column("earlier")[ROWS.part("test")])


def tables(calibrated: bool = True) -> list[Table]:
    """The model puts as many liked rows below the others as the user's number says; the rival ranks by item."""
    test, rows = ROWS.part("test"), held_out()
    item = ROWS.column("item")[test]
    wrong = rows.labels & (item - PAST < rows.users // 2)
    model = np.where(rows.labels & ~wrong, 2.0, np.where(wrong, -2.0, 0.0)) - item / 100
    scores = {"int8 student": model.astype(np.float32), "CF": item.astype(np.float32)}
    return list(example_tables(cast(Prepared, ROWS), rows, scores, calibrated))


def test_three_users_stand_at_the_percentiles_of_their_auc() -> None:
    found = tables()
    assert [table.title.split(" at the ")[1].split(" of ")[0] for table in found] == [
        "10th percentile", "50th percentile", "90th percentile",
    ]  # fmt: skip
    aucs = [float(table.before[-1].rpartition(" ")[2].rstrip(".")) for table in found]
    assert aucs == sorted(aucs) and aucs[0] < aucs[2]
    assert all("user 0." not in text for table in found for text in table.before)
    assert "chosen by a rule" in found[0].before[0] and len(found[1].before) == 2


def test_ten_best_of_each_stand_beside_each_other_with_what_was_liked() -> None:
    table = tables()[-1]
    assert table.headings == (
        "place", "int8 student: ten best", "probability", "liked", "CF: ten best", "probability", "liked",
    )  # fmt: skip
    assert [row[0] for row in table.rows] == [str(place) for place in range(1, 11)]
    assert [row[4] for row in table.rows] == [f"item {item}" for item in range(18, 8, -1)]
    assert [row[6] for row in table.rows] == ["no"] * 6 + ["yes"] * 4
    first = table.rows[0]
    assert first[3] == "yes" and float(first[2]) == pytest.approx(1 / (1 + np.exp(-2 + 0.08)), abs=0.011)
    assert "score, 0 to 1" in tables(calibrated=False)[0].headings


def test_the_history_ends_before_the_first_test_row() -> None:
    about = tables()[0].before[1]
    assert "7 events, of which the latest are: item 2: not for me; item 3: liked it;" in about and about.endswith(
        "item 6: not for me."
    )


def test_there_is_no_example_where_no_user_has_both_labels() -> None:
    rows = held_out()
    liked = replace(rows.events, liked=np.ones(len(rows.events), bool))
    constant = np.zeros(len(rows.labels), np.float32)
    assert list(example_tables(cast(Prepared, ROWS), HeldOut(liked, rows.earlier), {"a": constant})) == []


def test_the_examples_keep_the_structure_of_a_page() -> None:
    facts = [("Data", "x"), ("Date (UTC)", "2030-01-02"), ("Command", "edge run")]
    picture = Picture("auc", "How good?", "AUC", "svg+xml", b"<svg/>")
    check_structure(page_html(Page("A report", facts, [Finding("Good.")], pictures=[picture], tables=tables())))
