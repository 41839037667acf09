"""The runtime over a real, small bundle: best first, any item, any exit, within a budget or saying so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exports import TITLES, Exported, bundle_of, request

from edge.backends import RUNNABLE
from edge.backends.litert import LiteRtEngine
from edge.errors import EdgeError
from edge.install import install
from edge.planner import CostModel
from edge.ranker import Ranker
from edge.text.types import Event, Item, User

REQUEST = request(candidates=9)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def bundle(exported: Exported, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle_of(exported, tmp_path_factory.mktemp("bundle") / "small.edge")


@pytest.fixture(params=RUNNABLE)
def ranker(request: pytest.FixtureRequest, bundle: Path) -> Iterator[Ranker]:
    opened = Ranker.open(bundle, backend=request.param)
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
        assert (ranked.depth, ranked.plan.plan, ranked.plan.met) == (depth, plan, None)
        assert ranked.milliseconds == ranked.plan.spent_ms > 0


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


def test_without_a_budget_the_deepest_exit_is_used(ranker: Ranker) -> None:
    user = ranker.user(REQUEST.user, REQUEST.events)
    assert ranker.rank(user, REQUEST.candidates).depth == 4
    assert ranker.rank(user, REQUEST.candidates, budget_ms=60_000).plan.met is True
    assert ranker.rank(user, REQUEST.candidates, budget_ms=60_000).depth == 4


@pytest.mark.parametrize(("plan", "shallowest"), [("prefix", 1), ("segments", 3)])
def test_a_budget_that_cannot_be_met_is_answered_at_the_shallowest_exit_and_said(
    ranker: Ranker, plan: str, shallowest: int
) -> None:
    ranked = ranker.rank(ranker.user(REQUEST.user), REQUEST.candidates, budget_ms=1e-6, plan=plan)
    assert ranked.depth == shallowest and ranked.plan.met is False
    assert ranked.plan.predicted_ms > 0 and len(ranked.items) == len(REQUEST.candidates)


def test_opening_prepares_every_shape_so_that_no_request_has_to(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, prepared = LiteRtEngine._run, set()

    def recorded(engine: LiteRtEngine, entry: str, bucket: tuple[int, ...], *rest: Any, **outputs: Any) -> Any:
        prepared.add("_".join([entry, *map(str, bucket)]))
        return run(engine, entry, bucket, *rest, **outputs)

    monkeypatch.setattr(LiteRtEngine, "_run", recorded)
    ranker = Ranker.open(bundle)
    engine = ranker._engine
    assert isinstance(engine, LiteRtEngine)
    in_full = f"layer_{max(bucket for (bucket,) in engine._buckets['layer'])}"  # no request is ranked by that plan
    assert prepared == set(engine._signatures) - {in_full}
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
    with pytest.raises(EdgeError, match="no plan 'full'") as refused:
        ranker.rank(user, REQUEST.candidates, plan="full")
    assert refused.value.fix == "use one of: prefix, segments"


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


def test_the_prediction_counts_what_is_kept_of_the_user_and_of_candidates(bundle: Path) -> None:
    ranker = Ranker.open(bundle, backend="onnx")
    ranker._costs = CostModel(((0.0, 0.0), (1000.0, 1000.0)), ((0.0, 0.0), (10_000.0, 1000.0)))  # 1 ms a token
    user, tokens = (
        ranker.user(REQUEST.user, REQUEST.events),
        ranker.user(REQUEST.user, REQUEST.events).side("prefix").tokens,
    )
    candidates = 0.1 * len(REQUEST.candidates)
    predicted = [ranker.rank(user, REQUEST.candidates, depth=depth).plan.predicted_ms for depth in (2, 4, 4)]
    assert predicted == pytest.approx([2 * (tokens + candidates), 2 * tokens + 4 * candidates, 4 * candidates])
    predicted = [ranker.rank(user, REQUEST.candidates, depth=4, plan="segments").plan.predicted_ms for _ in "ab"]
    segments = user.side("segments").segments
    new = sum(map(len, set(segments)))
    assert predicted == pytest.approx([2 * (new + candidates) + 2 * (tokens + candidates), 2 * candidates])
    user.add(Event(Item("", {"title": "exotica"}), {"liked": False}))
    again = ranker.rank(user, REQUEST.candidates, depth=4, plan="segments").plan.predicted_ms
    side = user.side("segments")
    assert again == pytest.approx(2 * len(side.segments[-2]) + 2 * (side.tokens + candidates))


def test_calibration_is_measured_once_and_read_afterwards(bundle: Path) -> None:
    Ranker.open(bundle)
    (kept,) = install(bundle).glob("calibration-*.json")
    costs = {"user_layer": [[24.0, 7.0]], "candidate_layer": [[4.0, 9.0]]}
    kept.write_text(json.dumps(costs))
    ranker = Ranker.open(bundle)
    assert ranker.rank(
        ranker.user(User({"age": 30})), [Item("a", {"title": "heat"})], depth=2
    ).plan.predicted_ms == 2 * (7.0 + 9.0)


@pytest.mark.parametrize("text", [
    "", "{", "[]", "null", "{}", '{"user_layer": [], "candidate_layer": []}', "\xff",
    '{"user_layer": [[1, -5]], "candidate_layer": [[1, 1]]}', '{"user_layer": [[1, NaN]], "candidate_layer": [[1, 1]]}',
])  # fmt: skip
def test_a_calibration_that_cannot_be_read_is_measured_again(bundle: Path, text: str) -> None:
    Ranker.open(bundle)
    (kept,) = install(bundle).glob("calibration-*.json")
    kept.write_bytes(text.encode("latin-1"))
    Ranker.open(bundle)
    assert set(json.loads(kept.read_text())) == {"user_layer", "candidate_layer"}


def test_where_nothing_can_be_kept_costs_are_measured_at_each_open(bundle: Path) -> None:
    Ranker.open(bundle)
    (kept,) = install(bundle).glob("calibration-*.json")
    kept.unlink()
    kept.mkdir()
    ranker = Ranker.open(bundle)
    assert ranker.rank(ranker.user(REQUEST.user), REQUEST.candidates).plan.predicted_ms > 0


def test_a_backend_that_is_not_there_is_an_error(bundle: Path) -> None:
    with pytest.raises(EdgeError, match="the bundle carries no coreml model, it has: litert, onnx"):
        Ranker.open(bundle, backend="coreml")


@pytest.mark.parametrize(("backend", "file"), [("litert", "model.tflite"), ("onnx", "layer.onnx")])
def test_a_model_file_that_the_engine_cannot_read_is_an_error(
    exported: Exported, tmp_path: Path, backend: str, file: str
) -> None:
    models = tmp_path / "models" / backend
    models.mkdir(parents=True)
    for source in (exported.models / "int8" / backend).iterdir():
        (models / source.name).write_bytes(b"no model" if source.name == file else source.read_bytes())
    from edge.backends import open_engine

    with pytest.raises(EdgeError, match=f"{file} is not a model that this engine reads"):
        open_engine(backend, tmp_path / "models", exported.engine("int8", "onnx").shape)


def test_a_bundle_with_no_exit_past_the_hand_over_says_so(exported: Exported, tmp_path: Path) -> None:
    exits: Any = [{"depth": 2, "plan": "prefix", "quality": {}}]
    ranker = Ranker.open(bundle_of(exported, tmp_path / "shallow.edge", exits=exits), backend="onnx")
    assert ranker.rank(ranker.user(REQUEST.user), REQUEST.candidates).depth == 2
    with pytest.raises(EdgeError, match="no exit beyond depth 2"):
        ranker.rank(ranker.user(REQUEST.user), REQUEST.candidates, plan="segments")
