"""The runtime over a real, small bundle: best first, any item, any exit, within a budget or saying so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from edge.engines.litert import LiteRtEngine
from edge.runtime.costs import CostModel, calibrate
from edge.runtime.planner import Predictor, Work
from edge.runtime.ranker import Model, Ranker
from edge.runtime.stepping import Walk
from exports import TITLES, Exported, bundle_of, request

from edge.bundle.install import install
from edge.engines.opening import RUNNABLE
from edge.errors import EdgeError
from edge.runtime.pace import Pace
from edge.text.types import Event, Item, User

REQUEST = request(candidates=9)
PER_TOKEN = CostModel(  # a layer 1 ms a user token, 0.1 ms a candidate; half of it as the last
    embed=((1.0, 0.0),),
    user_layer=((0.0, 0.0), (1000.0, 1000.0)),
    user_keys=((0.0, 0.0), (1000.0, 500.0)),
    candidate_layer=((1.0, ((0.0, 0.0), (10_000.0, 1000.0))),),
    candidate_end=((1.0, ((0.0, 0.0), (10_000.0, 500.0))),),
    head=((1.0, 0.0),),
)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def bundle(exported: Exported, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle_of(exported, tmp_path_factory.mktemp("bundle") / "small.edge")


@pytest.fixture(params=RUNNABLE)
def ranker(request: pytest.FixtureRequest, bundle: Path) -> Iterator[Ranker]:
    opened = Ranker.open(bundle, engine=request.param)
    yield opened
    opened.close()


@pytest.mark.parametrize("plan", ["prefix", "segments"])
def test_items_come_best_first_with_the_references_scores(ranker: Ranker, exported: Exported, plan: str) -> None:
    golden = exported.golden[0]
    user = ranker.user(golden.request.user, golden.request.events)
    for depth, wanted in golden.scores[plan].items():
        ranked = ranker.rank(user, golden.request.candidates, depth=depth, plan=plan)
        assert list(ranked.scores) == sorted(ranked.scores, reverse=True)
        found = {item.id: score for item, score in zip(ranked.items, ranked.scores, strict=True)}
        in_order = [found[item.id] for item in golden.request.candidates]
        np.testing.assert_allclose(in_order, wanted, rtol=0, atol=0.05)
        assert (ranked.depth, ranked.explanation.plan, ranked.explanation.met) == (depth, plan, None)
        assert ranked.milliseconds == ranked.explanation.spent_ms > 0


def test_an_item_that_was_never_seen_is_ranked_by_its_text_alone(ranker: Ranker) -> None:
    user = ranker.user(REQUEST.user, REQUEST.events)
    unseen = (
        Item("new", {"title": "Zyx, the Ünseen 映画 !!", "year": 2031}),
        Item("bare", {"title": "?"}),
        *REQUEST.candidates,
    )
    ranked = ranker.rank(user, unseen)
    assert {item.id for item in ranked.items} == {item.id for item in unseen}
    assert np.isfinite(ranked.scores).all()
    renamed = ranker.rank(user, [Item("other id", unseen[0].attributes)])
    assert renamed.scores[0] == pytest.approx(
        dict(zip((i.id for i in ranked.items), ranked.scores, strict=True))["new"], abs=0.01
    )


def test_without_a_budget_or_with_plenty_of_time_the_deepest_exit_is_used(ranker: Ranker) -> None:
    user = ranker.user(REQUEST.user, REQUEST.events)
    asked = ranker.rank(user, REQUEST.candidates)
    assert (asked.depth, asked.explanation.plan, asked.explanation.met, set(asked.depths)) == (4, "prefix", None, {4})
    plenty = ranker.rank(user, REQUEST.candidates, budget_ms=60_000)
    why = plenty.explanation
    assert (plenty.depth, why.plan, why.met, why.auc) == (4, "prefix", True, 0.54)
    assert plenty.scores == asked.scores and str(plenty.explanation).endswith("within the budget")


@pytest.mark.parametrize(("plan", "shallowest"), [("prefix", 1), ("segments", 3), ("full", 1), (None, 1)])
def test_a_budget_that_cannot_be_met_is_answered_at_the_shallowest_exit_and_said(
    ranker: Ranker, plan: str | None, shallowest: int
) -> None:
    ranked = ranker.rank(ranker.user(REQUEST.user), REQUEST.candidates, budget_ms=1e-6, plan=plan)
    assert ranked.depth == shallowest and ranked.explanation.met is False
    assert ranked.explanation.predicted_ms > 0 and len(ranked.items) == len(REQUEST.candidates)
    assert "over the budget" in str(ranked.explanation) and "ms of 1e-06 ms" in str(ranked.explanation)


def test_an_auc_to_reach_is_reached_by_the_first_exit_that_did(ranker: Ranker) -> None:
    user = ranker.user(REQUEST.user, REQUEST.events)
    enough = ranker.rank(user, REQUEST.candidates, min_auc=0.52, plan="prefix")
    assert (enough.depth, enough.explanation.met, enough.explanation.auc) == (2, True, 0.52)
    beyond = ranker.rank(user, REQUEST.candidates, min_auc=0.9)
    why = beyond.explanation
    assert (beyond.depth, why.met, why.missed) == (4, False, ["AUC 0.5400 for at least 0.9"])


def test_a_memory_budget_gives_up_keeping_the_user_before_it_gives_up_depth(bundle: Path) -> None:
    ranker = Ranker.open(bundle, engine="onnx")
    ample = ranker.rank(ranker.user(REQUEST.user, REQUEST.events), REQUEST.candidates, budget_mb=10)
    assert (ample.depth, ample.explanation.kept, ample.explanation.met) == (4, True, True)
    tight = 0.9 * ample.explanation.held_mb
    ranker = Ranker.open(bundle, engine="onnx")
    lean = ranker.rank(ranker.user(REQUEST.user, REQUEST.events), REQUEST.candidates, budget_mb=tight)
    assert (lean.depth, lean.explanation.kept, lean.explanation.met) == (
        4,
        False,
        True,
    ) and lean.explanation.held_mb <= tight
    hopeless = ranker.rank(ranker.user(REQUEST.user), REQUEST.candidates, budget_mb=1e-6)
    assert hopeless.explanation.met is False and len(hopeless.items) == len(REQUEST.candidates)


def test_a_user_that_is_not_kept_gets_the_same_scores(bundle: Path) -> None:
    keeping, forgetting = (Ranker.open(bundle, memory_mb=memory) for memory in (64, 0))
    for plan in ("prefix", "segments"):
        answers = []
        for ranker in (keeping, keeping, forgetting, forgetting):
            user = ranker.user(REQUEST.user, REQUEST.events)
            answers.append([ranker.rank(user, REQUEST.candidates, depth=depth, plan=plan) for depth in (4, 3)])
        assert len({(deep.scores, shallow.scores) for deep, shallow in answers}) == 1
        assert [deep.explanation.kept for deep, _ in answers] == [True, True, False, False]


def test_one_candidate_of_a_user_who_is_not_kept_may_be_ranked_in_full(ranker: Ranker) -> None:
    user = ranker.user(REQUEST.user, REQUEST.events)
    in_full = ranker.rank(user, REQUEST.candidates[:3], plan="full", depth=3)
    prefix = ranker.rank(user, REQUEST.candidates[:3], plan="prefix", depth=3)
    np.testing.assert_allclose(in_full.scores, prefix.scores, rtol=0, atol=0.01)
    assert (in_full.explanation.plan, in_full.explanation.kept) == ("full", False)


def test_a_prepared_user_needs_no_more_of_its_side(bundle: Path) -> None:
    ranker = Ranker.open(bundle, engine="onnx")
    user = ranker.user(REQUEST.user, REQUEST.events)
    cold = ranker.rank(user, REQUEST.candidates, depth=1)
    other = ranker.user(REQUEST.user, REQUEST.events[:2])
    other.prepare()
    (side,) = [side for key, (side, _) in ranker._users._entries.items() if key == (0, other.segments)]
    assert (side.depth, side.keys_depth) == (3, 4)
    assert ranker.rank(other, REQUEST.candidates).depth == 4 and cold.depth == 1
    with pytest.raises(EdgeError, match="the full plan keeps nothing of a user"):
        user.prepare(plan="full")


def test_the_best_that_have_settled_end_a_request_early(bundle: Path) -> None:
    ranker = Ranker.open(bundle, engine="onnx")
    user = ranker.user(REQUEST.user, REQUEST.events)
    by_depth = {depth: ranker.rank(user, REQUEST.candidates, depth=depth).items for depth in ranker.depths}
    ranked = ranker.rank(user, REQUEST.candidates, top=1, patience=1)
    firsts = [by_depth[depth][0] for depth in ranker.depths]
    settled = next((depth for depth in (2, 3) if firsts[depth - 1] == firsts[depth - 2]), 4)
    assert ranked.depth == settled and ranked.items[0] == firsts[settled - 1]


def test_a_cascade_takes_candidates_out_on_the_way(exported: Exported, tmp_path: Path) -> None:
    cascade = {"top": 2, "margins": {"1": 0.0, "2": 0.0}, "agreement": 0.9, "work": 0.5}
    ranker = Ranker.open(bundle_of(exported, tmp_path / "cascade.edge", cascades=[cascade]), engine="onnx")
    user = ranker.user(REQUEST.user, REQUEST.events)
    ranked = ranker.rank(user, REQUEST.candidates, top=2, cascade=True)
    assert ranked.explanation.candidates == (10, 2, 2, 2) and sorted(ranked.depths) == [1] * 8 + [4, 4]
    assert list(ranked.depths) == sorted(ranked.depths, reverse=True)
    whole = {item.id: score for item, score in zip(*_answer(ranker, user), strict=True)}
    for item, score, depth in zip(ranked.items, ranked.scores, ranked.depths, strict=True):
        assert depth == 1 or score == pytest.approx(whole[item.id], abs=0.01)
    with pytest.raises(EdgeError, match="made with no cascade for the top 3") as refused:
        ranker.rank(user, REQUEST.candidates, top=3, cascade=True)
    assert refused.value.evidence == "it has one for the top 2"


def _answer(ranker: Ranker, user: Any) -> tuple[Any, Any]:
    ranked = ranker.rank(user, REQUEST.candidates)
    return ranked.items, ranked.scores


@pytest.mark.parametrize(
    ("wish", "problem"),
    [
        ({"budget_ms": 0}, "budget_ms is 0"), ({"budget_ms": float("nan")}, "budget_ms is nan"),
        ({"budget_mb": -1}, "budget_mb is -1"), ({"min_auc": float("inf")}, "min_auc is inf"),
        ({"top": 0}, "top is 0"), ({"top": 3, "patience": 0}, "patience is 0"),
        ({"patience": 2}, "need the number of the best that matter"),
        ({"cascade": True}, "need the number of the best that matter"),
        ({"top": 2, "cascade": True}, "made with no cascade for the top 2"),
    ],
)  # fmt: skip
def test_a_wish_that_makes_no_sense_is_refused(ranker: Ranker, wish: dict[str, Any], problem: str) -> None:
    with pytest.raises(EdgeError, match=problem):
        ranker.rank(ranker.user(REQUEST.user), REQUEST.candidates, **wish)


def test_a_closed_ranker_says_so_and_has_let_go_of_its_users(bundle: Path) -> None:
    ranker = Ranker.open(bundle)
    user = ranker.user(REQUEST.user, REQUEST.events)
    ranker.rank(user, REQUEST.candidates)
    assert ranker._users.bytes > 0
    ranker.close()
    assert ranker._users.bytes == 0
    with pytest.raises(EdgeError, match="the ranker was closed"):
        ranker.rank(user, REQUEST.candidates)
    with pytest.raises(EdgeError, match="the ranker was closed"):
        user.prepare()
    with pytest.raises(EdgeError, match="memory_mb is -1"):
        Ranker.open(bundle, memory_mb=-1)


def test_threads_get_the_scores_of_one_thread_though_the_cache_is_too_small(ranker: Ranker, bundle: Path) -> None:
    crowded = Ranker.open(bundle, engine="onnx", memory_mb=0.2)
    requests = [request(title, events, 4) for title in TITLES for events in (0, 3, 7)]
    work = [
        (place, depth, plan) for place in range(len(requests)) for depth in (3, 4) for plan in ("prefix", "segments")
    ]

    def rank(job: tuple[int, int, str]) -> dict[str, float]:
        place, depth, plan = job
        asked = requests[place]
        ranked = crowded.rank(crowded.user(asked.user, asked.events), asked.candidates, depth=depth, plan=plan)
        return dict(zip((item.id for item in ranked.items), ranked.scores, strict=True))

    alone = [rank(job) for job in work]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(rank, work[::-1]))[::-1]
    for one, other in zip(alone, together, strict=True):
        assert one == pytest.approx(other, abs=1e-5)
    assert crowded._users.bytes <= 0.2e6


def test_events_added_by_several_threads_are_all_there(bundle: Path) -> None:
    ranker = Ranker.open(bundle, engine="onnx")
    user = ranker.user(REQUEST.user)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda title: user.add(Event(Item("", {"title": title}), {"liked": True})), TITLES))
    wanted = ranker.user(REQUEST.user, [Event(Item("", {"title": title}), {"liked": True}) for title in TITLES])
    assert sorted(user.segments[1:-1]) == sorted(wanted.segments[1:-1])


def test_opening_prepares_every_shape_so_that_no_request_has_to(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, prepared = LiteRtEngine._run, set()

    def recorded(engine: LiteRtEngine, entry: str, bucket: tuple[int, ...], *rest: Any, **outputs: Any) -> Any:
        prepared.add("_".join([entry, *map(str, bucket)]))
        return run(engine, entry, bucket, *rest, **outputs)

    monkeypatch.setattr(LiteRtEngine, "_run", recorded)
    ranker = Ranker.open(bundle)
    engine = ranker._engine
    assert isinstance(engine, LiteRtEngine)
    assert prepared == set(engine._signatures)
    prepared.clear()
    Ranker.open(bundle).close()  # calibrated already
    assert prepared == set(engine._signatures)
    ranker.close()


def test_no_candidates_are_no_error(ranker: Ranker) -> None:
    ranked = ranker.rank(ranker.user(REQUEST.user), [])
    assert ranked.items == ranked.scores == ()


def test_a_depth_without_an_exit_and_an_unknown_plan_name_what_there_is(ranker: Ranker) -> None:
    user = ranker.user(REQUEST.user)
    for depth in (0, 5):
        with pytest.raises(EdgeError, match=f"no exit at depth {depth}") as refused:
            ranker.rank(user, REQUEST.candidates, depth=depth)
        assert refused.value.fix == "use one of: 1, 2, 3, 4"
    with pytest.raises(EdgeError, match="no exit at depth 2") as refused:
        ranker.rank(user, REQUEST.candidates, depth=2, plan="segments")
    assert refused.value.fix == "use one of: 3, 4"
    with pytest.raises(EdgeError, match="no plan 'whole'") as refused:
        ranker.rank(user, REQUEST.candidates, plan="whole")
    assert refused.value.fix == "use one of: prefix, segments, full"


@pytest.mark.parametrize("plan", ["prefix", "segments"])
def test_adding_an_event_equals_building_the_user_anew(ranker: Ranker, plan: str) -> None:
    grown = ranker.user(REQUEST.user)
    for count, title in enumerate([*TITLES, *TITLES][:12]):  # more than the newest ten that fit
        before = ranker.rank(grown, REQUEST.candidates, plan=plan)
        grown.add(Event(Item("", {"title": title}), {"liked": True}))
        history = [Event(Item("", {"title": t}), {"liked": True}) for t in [*TITLES, *TITLES][: count + 1]]
        found = ranker.rank(grown, REQUEST.candidates, plan=plan)
        anew = ranker.rank(ranker.user(REQUEST.user, history), REQUEST.candidates, plan=plan)
        assert found.items == anew.items
        np.testing.assert_allclose(found.scores, anew.scores, rtol=0, atol=0.01)
        assert found.scores != before.scores


def test_a_user_ranked_again_and_at_other_depths_gets_the_same_scores(ranker: Ranker) -> None:
    user = ranker.user(REQUEST.user, REQUEST.events)
    shallow_first = [ranker.rank(user, REQUEST.candidates, depth=depth).scores for depth in (1, 4, 2, 4, 1)]
    fresh = [
        ranker.rank(ranker.user(REQUEST.user, REQUEST.events), REQUEST.candidates, depth=d).scores for d in (1, 2, 4)
    ]
    assert shallow_first == [fresh[0], fresh[2], fresh[1], fresh[2], fresh[0]]


@pytest.fixture
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A prediction contains the time that encoding took until it was made: none."""
    monkeypatch.setattr("edge.runtime.ranker.time", SimpleNamespace(perf_counter=lambda: 0.0))


@pytest.mark.usefixtures("stopped_clock")
def test_the_prediction_counts_what_is_kept_of_the_user_and_of_candidates(bundle: Path) -> None:
    ranker = Ranker.open(bundle, engine="onnx")
    ranker._predictor = Predictor(PER_TOKEN, ranker._engine)
    user = ranker.user(REQUEST.user, REQUEST.events)
    tokens, candidates = sum(map(len, user.segments)), 0.1 * len(REQUEST.candidates)

    def predicted(depth: int, plan: str = "prefix") -> float:
        ranker._pace = Pace()  # what was spent so far would correct it
        return ranker.rank(user, REQUEST.candidates, depth=depth, plan=plan).explanation.predicted_ms

    assert [predicted(depth) for depth in (2, 4, 4)] == [
        pytest.approx(1.5 * (tokens + candidates)),
        pytest.approx((1 + 1 + 0.5) * tokens + 3.5 * candidates),  # the rest of the second layer, the third, keys
        pytest.approx(3.5 * candidates),
    ]
    new = sum(map(len, set(user.segments)))
    assert predicted(4, "segments") == pytest.approx(2 * (new + candidates) + 1.5 * (tokens + candidates))
    assert predicted(4, "segments") == pytest.approx(1.5 * candidates)
    user.add(Event(Item("", {"title": "exotica"}), {"liked": False}))
    added, tokens = len(user.segments[-2]), sum(map(len, user.segments))
    assert predicted(4, "segments") == pytest.approx(2 * added + 1.5 * (tokens + candidates))


def test_a_request_that_keeps_nothing_is_not_taken_to_find_what_others_kept(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    works: list[Work] = []
    monkeypatch.setattr("edge.runtime.ranker.Walk", lambda *inputs: works.append(inputs[-1]) or Walk(*inputs))
    ranker = Ranker.open(bundle, engine="onnx")
    user = ranker.user(REQUEST.user, REQUEST.events)
    user.prepare()
    assert not ranker.rank(user, REQUEST.candidates, budget_mb=1e-3).explanation.kept
    ranker.rank(user, REQUEST.candidates)
    assert [(work.user_depth, work.user_keys, work.started) for work in works] == [(0, 0, False), (3, 4, True)]


@pytest.mark.usefixtures("stopped_clock")
def test_calibration_is_measured_once_and_read_afterwards(bundle: Path) -> None:
    Ranker.open(bundle)
    (kept,) = install(bundle).directory.glob("calibration-*.json")
    costs = {
        "embed": [[1, 0]], "user_layer": [[24, 700]], "user_keys": [[24, 70]], "head": [[1, 0]],
        "candidate_layer": [[24, [[4, 900]]]], "candidate_end": [[24, [[4, 90]]]],
    }  # fmt: skip
    kept.write_text(json.dumps(costs))
    ranker = Ranker.open(bundle)
    ranked = ranker.rank(ranker.user(User({"age": 30})), [Item("a", {"title": "heat"})], depth=2)
    assert ranked.explanation.predicted_ms == pytest.approx(700 + 900 + 70 + 90)


def _kept(embed: str) -> str:
    """Costs as they are kept, but for those of embedding."""
    layers = '"user_layer": [[1, 1]], "user_keys": [[1, 1]], "head": [[1, 1]]'
    grids = '"candidate_layer": [[1, [[1, 1]]]], "candidate_end": [[1, [[1, 1]]]]'
    return f'{{"embed": {embed}, {layers}, {grids}}}'


@pytest.mark.parametrize("text", [
    "", "{", "[]", "null", "{}", "\xff", _kept("[[1, -5]]"), _kept("[[1, NaN]]"), _kept("[]"), _kept("1"),
    '{"user_layer": [[1, 1]], "candidate_layer": [[1, 1]]}',
])  # fmt: skip
def test_a_calibration_that_cannot_be_read_is_measured_again(bundle: Path, text: str) -> None:
    Ranker.open(bundle)
    (kept,) = install(bundle).directory.glob("calibration-*.json")
    kept.write_bytes(text.encode("latin-1"))
    Ranker.open(bundle)
    assert set(json.loads(kept.read_text())) == set(json.loads(_kept("0")))
    assert json.loads(kept.read_text()) != json.loads(_kept("0"))


def test_where_nothing_can_be_kept_costs_are_measured_at_each_open(bundle: Path) -> None:
    Ranker.open(bundle)
    (kept,) = install(bundle).directory.glob("calibration-*.json")
    kept.unlink()
    kept.mkdir()
    ranker = Ranker.open(bundle)
    assert ranker.rank(ranker.user(REQUEST.user), REQUEST.candidates).explanation.predicted_ms > 0


def test_a_engine_that_is_not_there_is_an_error(bundle: Path) -> None:
    with pytest.raises(EdgeError, match="the bundle carries no coreml model, it has: litert, onnx"):
        Ranker.open(bundle, engine="coreml")


@pytest.mark.parametrize(("engine", "file"), [("litert", "model.tflite"), ("onnx", "layer.onnx")])
def test_a_model_file_that_the_engine_cannot_read_is_an_error(
    exported: Exported, tmp_path: Path, engine: str, file: str
) -> None:
    models = tmp_path / "models" / engine
    models.mkdir(parents=True)
    for source in (exported.models / "int8" / engine).iterdir():
        (models / source.name).write_bytes(b"no model" if source.name == file else source.read_bytes())
    from edge.engines.opening import open_engine

    with pytest.raises(EdgeError, match=f"{file} is not a model that this engine reads"):
        open_engine(engine, tmp_path / "models", exported.engine("int8", "onnx").shape)


def test_a_bundle_without_a_hand_over_has_no_segments_plan_and_says_so(exported: Exported, tmp_path: Path) -> None:
    model = {"layers": 4, "hidden": 32, "heads": 4, "handover": 0}
    ranker = Ranker.open(bundle_of(exported, tmp_path / "plain.edge", model=model), engine="onnx")
    assert ranker.rank(ranker.user(REQUEST.user), REQUEST.candidates).depth == 4
    with pytest.raises(EdgeError, match="the bundle has no segments plan"):
        ranker.rank(ranker.user(REQUEST.user), REQUEST.candidates, plan="segments")


@pytest.mark.parametrize("plan", ["prefix", "segments"])
def test_in_floats_a_user_who_grew_is_scored_as_one_computed_whole(exported: Exported, plan: str) -> None:
    """Cached segments, incremental encoding and all: within 1e-4 of nothing cached."""
    engine, exits = exported.engine("float", "litert"), dict.fromkeys((1, 2, 3, 4))
    by_plan = {"prefix": exits, "segments": {3: None, 4: None}, "full": exits}
    costs = calibrate(engine, exported.encoder.spec.max_user_tokens, exported.encoder.spec.max_segment_tokens)
    model = Model(exported.encoder, engine, costs, by_plan, {})
    ranker, nothing_kept = Ranker(model), Ranker(model, memory_mb=0)
    grown = ranker.user(REQUEST.user)
    for count, title in enumerate([*TITLES, *TITLES][:14], start=1):
        ranker.rank(grown, REQUEST.candidates, plan=plan)
        grown.add(Event(Item("", {"title": title}), {"liked": True}))
        history = [Event(Item("", {"title": each}), {"liked": True}) for each in [*TITLES, *TITLES][:count]]
        whole = nothing_kept.rank(nothing_kept.user(REQUEST.user, history), REQUEST.candidates, plan=plan)
        kept = ranker.rank(grown, REQUEST.candidates, plan=plan)
        assert [item.id for item in kept.items] == [item.id for item in whole.items]
        np.testing.assert_allclose(kept.scores, whole.scores, rtol=0, atol=1e-4)
