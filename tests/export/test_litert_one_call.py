"""The one-call file scores as the full plan does, at every depth, from ids, segment numbers and k alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from compress.integers import quantise
from export.litert.one_call import export_litert_one_call
from small_models import Segment, make_candidates, make_model, make_user, scores_alone

from cloud.model import Encoder
from edge.text.wordpiece import BOS, BOS_USER, EOS, EOS_USER
from export.litert.check import check_litert

TOKENS = 64
MODELS = {
    "float": lambda: make_model(),
    "int8": lambda: quantise(make_model()),
    "int4": lambda: quantise(make_model(), 4),
}
TOLERANCE = {"float": 1e-5, "int8": 5e-3, "int4": 5e-3}


@pytest.fixture(scope="module", params=MODELS)
def exported_run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Encoder, Any]:
    model = MODELS[request.param]()
    path = tmp_path_factory.mktemp(request.param) / "model-onecall.tflite"
    export_litert_one_call(model, TOKENS, path)
    check_litert(path, model)
    return request.param, model, Interpreter(str(path)).get_signature_runner("run")


def score(run: Any, user: tuple[Segment, ...], candidate: Segment, depth: int, before: int = 0) -> float:
    """`before`: tokens of padding that precede the request."""
    segments = [*user, candidate]
    ids, mask = np.zeros((2, 1, TOKENS), dtype=np.int32)
    numbers = np.repeat(np.arange(len(segments)) + 1, [len(segment) for segment in segments])
    ids[0, before : before + len(numbers)] = np.concatenate(segments)
    mask[0, before : before + len(numbers)] = numbers
    return float(run(ids=ids, mask=mask, k=np.array([depth], dtype=np.int32))["score"][0])


REQUESTS = {
    "no event": (((BOS_USER, 9), (EOS_USER,)), (BOS, 20, EOS)),
    "an empty profile and one event": (((BOS_USER,), (30, 31, 30), (EOS_USER,)), (BOS, 20, EOS)),
    "some events": (make_user(np.random.default_rng(0), 4), make_candidates(np.random.default_rng(1), 1)[0]),
    "as many events as there are slots": (
        ((BOS_USER, 8), *((number,) for number in range(20, 30)), (EOS_USER,)),
        (BOS, *range(40, 54), EOS),
    ),
    "an empty candidate": (make_user(np.random.default_rng(2), 3), (BOS, EOS)),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_one_call_gives_the_full_plans_score_at_every_depth(exported_run: tuple[str, Encoder, Any], name: str) -> None:
    precision, model, run = exported_run
    user, candidate = REQUESTS[name]
    wanted = scores_alone(model, user, (candidate,))[:, 0]
    found = [score(run, user, candidate, depth) for depth in range(1, len(wanted) + 1)]
    np.testing.assert_allclose(found, wanted, rtol=0, atol=TOLERANCE[precision])


def test_a_depth_beyond_the_model_is_its_nearest(exported_run: tuple[str, Encoder, Any]) -> None:
    _, model, run = exported_run
    user, candidate = REQUESTS["some events"]
    assert score(run, user, candidate, 0) == score(run, user, candidate, -7) == score(run, user, candidate, 1)
    deepest = score(run, user, candidate, model.config.layers)
    assert score(run, user, candidate, model.config.layers + 1) == score(run, user, candidate, 10**6) == deepest


def test_padding_may_stand_anywhere(exported_run: tuple[str, Encoder, Any]) -> None:
    precision, _, run = exported_run
    user, candidate = REQUESTS["some events"]
    moved, plain = (score(run, user, candidate, 4, before) for before in (13, 0))
    assert abs(moved - plain) < TOLERANCE[precision]


def test_a_mask_that_names_no_segment_gives_a_number_all_the_same(exported_run: tuple[str, Encoder, Any]) -> None:
    _, _, run = exported_run
    nothing = np.zeros((1, TOKENS), dtype=np.int32)
    for mask in (nothing, nothing + 1, nothing + 900, nothing - 5):
        assert np.isfinite(run(ids=nothing, mask=mask, k=np.array([2], dtype=np.int32))["score"][0])
