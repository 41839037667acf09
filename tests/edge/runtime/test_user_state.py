"""A user whom an app holds: prepared while it is idle, grown from several threads, ranked by texts alone."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from measured_exits import measured
from runnable_bundles import REQUEST, make_runnable
from runnable_weights import SPEC, random_engine, reading

from edge.bundle.exits import Exit
from edge.config import to_dict
from edge.runtime.costs import Costs
from edge.runtime.model import Model
from edge.runtime.ranker import Ranker
from edge.text.types import Event, Item, User

FREE = ((1.0, 0.0),)
PERSON = User({"kind": "new"})
ITEMS = [Item("a", {"title": "blue sea", "year": 2000}), Item("b", {"title": "old film", "year": 1990})]
LIKED = Event(ITEMS[0], {"liked": True})


@pytest.fixture
def ranker() -> Ranker:
    costs = Costs(FREE, FREE, FREE, (FREE,) * 3)
    return Ranker(Model(random_engine(), reading(), costs, measured({Exit(1, 2): 0.6, Exit(2, 2): 0.7})))


def test_a_prepared_user_and_prepared_items_leave_nothing_to_compute_but_scores(ranker: Ranker) -> None:
    user = ranker.user(PERSON, [LIKED] * 3)
    user.prepare()
    handles = ranker.prepare(ITEMS)
    why = ranker.rank(user, handles).explanation
    assert (why.new_texts, why.kept_texts, why.new_events, why.kept_events) == (0, 2, 0, 3)
    user.add(LIKED)
    user.prepare()
    assert ranker.rank(user, handles).explanation.new_events == 0
    why = ranker.rank(user, handles, exit=(1, 2)).explanation  # another encode depth is another timeline
    assert (why.new_texts, why.new_events) == (3, 4)
    user.forget()
    user.prepare(encode=1)
    assert ranker.rank(user, handles, exit="1/2").explanation.new_events == 0
    assert ranker.rank(user, handles).explanation.new_events == 4


def test_preparing_changes_no_score(ranker: Ranker) -> None:
    prepared, plain = (ranker.user(PERSON, [LIKED] * 4) for _ in range(2))
    prepared.prepare()
    one, other = (ranker.rank(user, ITEMS, time_s=9.0).scores for user in (prepared, plain))
    assert one == other


def test_events_added_by_several_threads_are_all_there(ranker: Ranker) -> None:
    user = ranker.user(PERSON)

    def use(number: int) -> None:
        user.add(LIKED)
        ranker.rank(user, ITEMS)
        ranker.log()
        user.prepare()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(use, range(60)))
    assert len(user._timeline.events) == 60
    whole = ranker.user(PERSON, [LIKED] * 60)
    assert ranker.rank(user, ITEMS).scores == pytest.approx(ranker.rank(whole, ITEMS).scores, abs=1e-4)


def test_an_item_is_ranked_by_what_it_says_and_not_by_its_id(ranker: Ranker) -> None:
    user = ranker.user(PERSON, [LIKED])
    renamed = [replace(item, id=f"never seen {item.id}") for item in ITEMS]
    assert ranker.rank(user, renamed).scores == ranker.rank(user, ITEMS).scores


def test_an_exit_that_was_taken_can_be_asked_for_again(ranker: Ranker) -> None:
    user = ranker.user(PERSON)
    taken = ranker.rank(user, ITEMS, min_auc=0.6).explanation.exit
    assert taken == Exit(1, 2)
    assert ranker.rank(user, ITEMS, exit=taken).explanation.exit == taken


def test_a_bundle_that_keeps_upper_case_keeps_it_when_it_ranks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trained on "red" and asked about "RED": a phone that lower-cased would tokenise another word."""
    monkeypatch.setenv("EDGE_CACHE", str(tmp_path / "cache"))
    kept: dict[str, Path | bytes] = {"text.json": json.dumps(to_dict(replace(SPEC, lowercase=False))).encode()}
    upper = [replace(item, attributes={**item.attributes, "title": "RED SEA"}) for item in REQUEST.candidates]
    lower = [replace(item, attributes={**item.attributes, "title": "red sea"}) for item in REQUEST.candidates]
    alike = []
    for name, contents in (("lowered", {}), ("kept", kept)):
        path = make_runnable(tmp_path / f"{name}.edge", contents=contents)
        with Ranker.open(path, "reference") as opened:
            user = opened.user(REQUEST.user)
            alike.append(opened.rank(user, upper).scores == opened.rank(user, lower).scores)
    assert alike == [True, False]
