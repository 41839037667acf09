"""The converted package, read back and interpreted, gives torch's scores: every plan, every exit, and in one call."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from cloud.torch_engine import TorchEngine
from compress.integers import dequantise
from coreml_packages import PACKAGES, Packages, small_student, write_packages
from edge.engines.protocol import Context
from export.coreml.simulator.engine import CoreMlEngine
from exports import BUCKETS, scores
from small_models import Segment, make_candidates, make_requests, make_user, scores_alone

from edge.errors import EdgeError
from export.coreml.simulator.interpreter import Arithmetic, MilInterpreter

TOLERANCE: dict[Arithmetic, float] = {"float32": 2e-5, "program": 3e-3, "float16": 3e-3}
INT8_ACTIVATIONS = 0.05  # torch rounds activations to 8 bits, Core ML keeps float16
LENGTH = max(BUCKETS.user_tokens) + BUCKETS.candidate_tokens


@pytest.fixture(scope="module", params=[8, 4])
def packages(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Packages:
    return write_packages(small_student(request.param), tmp_path_factory.mktemp("packages"))


def one_call(user: tuple[Segment, ...], candidate: Segment, before: int = 0) -> dict[str, np.ndarray]:
    """ids and mask, padded to the graph's length; `before` tokens of padding stand first."""
    segments = [*user, candidate]
    ids, mask = np.full((1, LENGTH), 99, np.int32), np.zeros((1, LENGTH), np.int32)
    tokens = np.concatenate([np.array(segment) for segment in segments])
    ids[0, before : before + len(tokens)] = tokens
    mask[0, before : before + len(tokens)] = np.repeat(np.arange(len(segments)) + 1, [len(one) for one in segments])
    return {"ids": ids, "mask": mask}


@pytest.mark.parametrize("arithmetic", list(TOLERANCE))
def test_every_plan_and_exit_agrees_with_torch(packages: Packages, arithmetic: Arithmetic) -> None:
    reference = TorchEngine(dequantise(packages.model))
    engine = CoreMlEngine(packages.directory, reference.shape, arithmetic=arithmetic)
    for request in make_requests(4, candidates=6):
        found = scores(engine, request.segments, request.candidates)
        wanted = scores(reference, request.segments, request.candidates)
        assert {plan: one.shape for plan, one in found.items()} == {"prefix": (4, 6), "segments": (2, 6)}
        for plan, exits in wanted.items():
            np.testing.assert_allclose(found[plan], exits, atol=TOLERANCE[arithmetic])
    engine.close()


def test_float_activations_stay_near_the_integer_ones_of_the_other_engines(packages: Packages) -> None:
    reference = TorchEngine(packages.model)
    engine = CoreMlEngine(packages.directory, reference.shape)
    for request in make_requests(3, candidates=3):
        found = scores(engine, request.segments, request.candidates)
        for plan, exits in scores(reference, request.segments, request.candidates).items():
            np.testing.assert_allclose(found[plan], exits, atol=INT8_ACTIVATIONS)


@pytest.mark.parametrize("name", PACKAGES)
def test_one_call_gives_the_full_plans_score_at_every_depth(packages: Packages, name: str) -> None:
    reference, interpreter = dequantise(packages.model), MilInterpreter(packages.path(name))
    random = np.random.default_rng(3)
    for events in (0, 1, 6):
        user, (candidate,) = make_user(random, events), make_candidates(random, 1)
        wanted = scores_alone(reference, user, (candidate,))[:, 0]
        for depth, score in enumerate(wanted, start=1):
            inputs = one_call(user, candidate) | {"k": np.array([depth], np.int32)}
            (found,) = interpreter.run(PACKAGES[name], inputs)["score"]
            assert abs(found - score) < TOLERANCE["program"]


def test_one_call_keeps_the_depth_within_the_model(packages: Packages) -> None:
    interpreter = MilInterpreter(packages.path("Model-iOS16"))
    random = np.random.default_rng(4)
    inputs = one_call(make_user(random), make_candidates(random, 1)[0])
    found = {k: interpreter.run("main", inputs | {"k": np.array([k], np.int32)})["score"][0] for k in (-3, 0, 1, 4, 99)}
    assert found[-3] == found[0] == found[1] and found[4] == found[99] != found[1]


def test_padding_never_changes_a_score(packages: Packages) -> None:
    interpreter = MilInterpreter(packages.path("Model"))
    random = np.random.default_rng(5)
    user, (candidate,) = make_user(random), make_candidates(random, 1)
    depth = {"k": np.array([4], np.int32)}
    after = interpreter.run("run", one_call(user, candidate) | depth)["score"][0]
    around = interpreter.run("run", one_call(user, candidate, before=5) | depth)["score"][0]
    assert abs(after - around) < 1e-3


@pytest.mark.parametrize("arithmetic", list(TOLERANCE))
def test_a_last_layer_gives_what_a_whole_one_gives_at_the_ends(packages: Packages, arithmetic: Arithmetic) -> None:
    reference = TorchEngine(dequantise(packages.model))
    engine = CoreMlEngine(packages.directory, reference.shape, arithmetic=arithmetic)
    random = np.random.default_rng(6)
    user, candidates = (random.normal(size=size).astype(np.float32) for size in ((30, 32), (6, 11, 32)))
    ends = np.array([10, 0, 4, 10, 9, 1], np.int32)
    _, *keys_values = engine.layer(user, np.zeros((30, 30), np.float32), 1)
    for alone, whole in zip(engine.layer_keys(user, 1), keys_values, strict=True):
        np.testing.assert_allclose(alone, whole, rtol=0, atol=1e-6)
    context = Context(*keys_values, np.zeros(30, np.float32))
    whole = engine.layer_candidate(candidates, context, 1)[np.arange(6), ends]
    candidates[np.arange(11) > ends[:, None]] = 100.0  # what stands after [EOS]
    found = engine.layer_end(candidates, ends, context, 1)
    wanted = reference.layer_end(candidates, ends, context, 1)
    for states in (whole, wanted):
        np.testing.assert_allclose(found, states, rtol=0, atol=TOLERANCE[arithmetic])


def test_requests_beyond_the_buckets_are_refused(packages: Packages) -> None:
    engine = CoreMlEngine(packages.directory, TorchEngine(packages.model).shape)
    assert [engine.padded_user(tokens) for tokens in (1, 24, 25)] == [24, 24, 48]
    assert [engine.padded_candidates(count) for count in (1, 4, 5)] == [4, 4, 8]
    with pytest.raises(EdgeError, match="holds 65 user tokens"):
        engine.layer(np.zeros((65, 32), np.float32), np.zeros((65, 65), np.float32), 1)
    candidate, context = np.zeros((1, 17, 32), np.float32), Context.nobody(engine.shape, 9)
    with pytest.raises(EdgeError, match="9 user tokens and 17 of a candidate"):
        engine.layer_candidate(candidate, context, 1)
    with pytest.raises(EdgeError, match="9 user tokens and 17 of a candidate"):
        engine.layer_end(candidate, np.zeros(1, np.int32), context, 1)


def test_a_package_of_other_functions_is_no_edge_graph(packages: Packages, tmp_path: Path) -> None:
    shutil.copytree(packages.path("Model-iOS16"), tmp_path / "Model.mlpackage")
    with pytest.raises(EdgeError, match="is no edge graph") as refused:
        CoreMlEngine(tmp_path, TorchEngine(packages.model).shape)
    assert "embed, head, layer, layer_candidate, layer_end, layer_keys, place" in refused.value.evidence
