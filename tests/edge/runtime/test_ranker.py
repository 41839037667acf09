"""What an app calls: users who grow, candidates, budgets and what is said about them."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from measured_exits import measured
from runnable_weights import SHAPE, random_engine, reading

from edge.bundle.exits import Exit
from edge.engines.chunk import Chunk
from edge.engines.reference import ReferenceEngine
from edge.errors import EdgeError
from edge.runtime.costs import Costs, measure_costs
from edge.runtime.model import Model
from edge.runtime.ranked import Ranked
from edge.runtime.ranker import Ranker, best_first
from edge.text.types import Event, Item, User

FREE = ((1.0, 0.0),)
EXITS = {Exit(encode, interact): 0.6 + 0.05 * encode + 0.01 * interact for encode in (1, 2) for interact in (0, 1, 2)}
TITLES = ("red sea", "green film", "blue of sea", "old film", "new sea", "red film of blue", "green")


class Counting(ReferenceEngine):
    """The reference, counting the segments that it encodes."""

    encoded = 0

    def summarise(self, chunk: Chunk, depth: int) -> np.ndarray:
        self.encoded += chunk.count
        return super().summarise(chunk, depth)


def ranker_of(costs: Costs | None = None, memory_mb: float = 1.0) -> Ranker:
    return Ranker(model_of(costs), memory_mb)


def model_of(costs: Costs | None = None) -> Model:
    engine = random_engine()
    engine.__class__ = Counting
    return Model(engine, reading(), costs or Costs(FREE, FREE, FREE, (FREE,) * 3), measured(EXITS))


def items(count: int = 5, first: int = 0) -> list[Item]:
    chosen = [(first + number) % len(TITLES) for number in range(count)]
    return [
        Item(f"{first + number}", {"title": TITLES[at], "year": 1990 + at, "age": "old"})
        for number, at in enumerate(chosen)
    ]


def events(count: int) -> list[Event]:
    return [Event(items(1, number)[0], {"liked": number % 3 > 0}, 100.0 + number) for number in range(count)]


PERSON = User({"kind": "new"})


def ask(costs: Costs, budget_ms: float) -> Ranked:
    """By a ranker that has not learned yet how fast this machine is."""
    ranker = ranker_of(costs)
    return ranker.rank(ranker.user(PERSON, events(2)), items(), budget_ms=budget_ms)


def test_items_come_best_first_with_their_scores() -> None:
    ranker = ranker_of()
    ranked = ranker.rank(ranker.user(PERSON, events(3)), items())
    assert sorted(ranked.scores, reverse=True) == list(ranked.scores)
    assert sorted(item.id for item in ranked.items) == list("01234")
    assert ranked.explanation.exit == Exit(2, 2) and ranked.explanation.met is None


def test_the_order_of_candidates_changes_no_score() -> None:
    ranker = ranker_of()
    user, offered = ranker.user(PERSON, events(4)), items(6)
    one, other = ranker.rank(user, offered), ranker.rank(user, offered[::-1])
    found = dict(zip((item.id for item in other.items), other.scores, strict=True))
    assert [found[item.id] for item in one.items] == pytest.approx(one.scores, abs=1e-5)


def test_a_user_who_grew_gets_the_scores_of_one_computed_whole() -> None:
    ranker, grown = ranker_of(), None
    grown = ranker.user(PERSON)
    for count, event in enumerate(events(15), 1):
        grown.add(event)
        whole = ranker.user(PERSON, events(15)[:count])
        for exit in ((1, 2), (2, 1)):
            one, other = (ranker.rank(user, items(), exit=exit, time_s=500.0) for user in (grown, whole))
            assert one.scores == pytest.approx(other.scores, abs=1e-4)


def test_what_is_kept_is_not_computed_again() -> None:
    model = model_of()
    ranker, engine = Ranker(model, 1.0), model.engine
    assert isinstance(engine, Counting)
    user = ranker.user(PERSON, events(3))
    first = ranker.rank(user, items())
    before = engine.encoded
    again = ranker.rank(user, items())
    assert engine.encoded == before and again.scores == first.scores
    assert (first.explanation.new_texts, first.explanation.new_events) == (1 + 5, 3)
    assert (again.explanation.new_texts, again.explanation.new_events) == (0, 0)
    user.add(replace(events(4)[3], item=Item("", {"title": "new old red"})))
    grown = ranker.rank(user, items())
    assert engine.encoded == before + 1
    assert (grown.explanation.new_texts, grown.explanation.new_events) == (1, 1)


def test_handles_are_ranked_as_their_items_are() -> None:
    model = model_of()
    ranker = Ranker(model, 1.0)
    handles = ranker.prepare(items())
    assert isinstance(model.engine, Counting)
    before = model.engine.encoded
    user = ranker.user(PERSON)
    found = ranker.rank(user, handles)
    assert model.engine.encoded == before + 1  # the profile alone
    other = ranker_of()
    other.prepare(items())  # encoded together, as above: products of another size may differ in their last bit
    assert found.scores == other.rank(other.user(PERSON), items()).scores


def test_without_memory_scores_are_the_same() -> None:
    one, other = ranker_of(), ranker_of(memory_mb=0.0)
    found, expected = (each.rank(each.user(PERSON, events(9)), items()) for each in (other, one))
    assert found.scores == expected.scores


def test_a_tight_budget_takes_a_cheaper_exit_and_says_what_was_missed() -> None:
    dear = ((1.0, 50.0),)
    costs = Costs(FREE, FREE, FREE, (FREE, dear, dear))
    ranked = ask(costs, budget_ms=1_000)
    assert ranked.explanation.exit == Exit(2, 2) and ranked.explanation.met
    assert ask(costs, budget_ms=20).explanation.exit == Exit(2, 0)
    ranked = ask(costs, budget_ms=1e-6)
    assert ranked.explanation.met is False and "ms of 1e-06 ms" in ranked.explanation.missed[0]
    assert len(ranked.items) == 5


def test_a_quality_that_no_exit_has_is_said() -> None:
    ranker = ranker_of()
    ranked = ranker.rank(ranker.user(PERSON), items(), min_auc=0.9)
    assert ranked.explanation.missed == ["AUC 0.7200 for at least 0.9"] and "; missed: " in str(ranked.explanation)
    assert ranker.rank(ranker.user(PERSON), items(), min_auc=0.66).explanation.exit == Exit(1, 1)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"budget_ms": 0}, "budget_ms is 0"),
        ({"budget_ms": "20"}, "budget_ms must be a number"),
        ({"min_auc": 0}, "which every exit reaches"),
        ({"min_auc": 75}, "min_auc is 75"),
        ({"exit": (2, 2), "budget_ms": 5}, "an exit excludes budget_ms and min_auc"),
        ({"exit": (3, 2)}, "no exit 3/2"),
        ({"exit": 2}, "exit is 2"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: dict[str, object], problem: str) -> None:
    ranker = ranker_of()
    with pytest.raises(EdgeError, match=problem) as caught:
        ranker.rank(ranker.user(PERSON), items(), **arguments)  # type: ignore[arg-type]
    assert caught.value.fix


def test_no_candidates_give_none_back() -> None:
    ranker = ranker_of()
    assert ranker.rank(ranker.user(PERSON, events(2)), []).items == ()


def test_a_user_of_another_ranker_and_a_profile_are_refused() -> None:
    ranker = ranker_of()
    with pytest.raises(EdgeError, match="another ranker"):
        ranker.rank(ranker_of().user(PERSON), items())
    with pytest.raises(EdgeError, match="not User"):
        ranker.rank(PERSON, items())  # type: ignore[arg-type]


def test_an_event_before_those_that_the_user_has_is_refused_and_changes_nothing() -> None:
    ranker = ranker_of()
    user = ranker.user(PERSON, events(3))
    before = ranker.rank(user, items()).scores
    with pytest.raises(EdgeError, match="older than one"):
        user.add(replace(events(1)[0], time=1.0))
    assert ranker.rank(user, items()).scores == before


def test_after_closing_everything_is_refused() -> None:
    ranker = ranker_of()
    user = ranker.user(PERSON)
    ranker.close()
    ranker.close()
    for call in (lambda: ranker.rank(user, items()), lambda: ranker.user(PERSON), lambda: ranker.prepare(items())):
        with pytest.raises(EdgeError, match="closed"):
            call()


def test_threads_get_the_scores_of_one() -> None:
    ranker = ranker_of(memory_mb=0.0005)
    user = ranker.user(PERSON, events(9))
    expected = ranker.rank(user, items()).scores
    found: list[tuple[float, ...]] = []

    def ask() -> None:
        for _ in range(20):
            found.append(ranker.rank(user, items()).scores)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 80 and set(found) == {expected}


def test_nan_comes_last_and_ties_keep_their_order() -> None:
    scores = np.array([0.0, np.nan, -0.0, 1.0, np.nan, -5.0], dtype=np.float32)
    assert best_first(scores) == [3, 0, 2, 5, 1, 4]


def test_costs_are_measured_for_every_call_that_a_request_makes() -> None:
    costs = measure_costs(random_engine())
    assert len(costs.score) == SHAPE.interact_layers + 1
    assert costs.summaries((10, 20), 2) > costs.summaries((10, 20), 0) > 0
    assert costs.appending(3) > 0 and costs.scoring(10, 2) > 0
    assert costs.appending(0) == costs.scoring(0, 2) == 0


def test_a_model_without_encode_layers_has_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines of static shapes have no encode bucket then."""
    engine = random_engine(replace(SHAPE, encode_depths=(0,)))
    monkeypatch.setattr(engine, "encode", None)
    costs = measure_costs(engine)
    assert costs.summaries((10,), 0) > 0 and {cost for _, cost in costs.encode} == {0.0}
