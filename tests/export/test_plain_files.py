"""Plain files for loaders of one's own, LiteRT and Core ML: a whole request in one call."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from random_rankers import CHANGES, SHAPE, User, changed_model, reference_of, scores_of, user_of
from test_onnx_one_call import inputs_of

from cloud.ranking.model import RankingModel
from edge.engines.distances import bucket_table
from edge.errors import EdgeError
from export.coreml.check import check_coreml
from export.coreml.one_call import export_coreml_one_call
from export.coreml.simulator.interpreter import MilInterpreter
from export.litert.check import check_litert
from export.litert.one_call import export_litert_one_call
from export.plain import PlainSizes

SIZES = PlainSizes(events=8, candidates=6)
TOLERANCE = {"float": 1e-5, "int8": 0.02}


def given_to(user: User, model: RankingModel, padding: int = 7) -> dict[str, np.ndarray]:
    """The request of a user with 6 candidates, with rows that are no event filled by what must change nothing."""
    events = len(user.items)
    inputs = inputs_of(user, padding=SIZES.events - events)
    for name in ("event_ids", "phrase_ids"):
        inputs[name][events:] = padding
    return {name: inputs[name] for name in SIZES.inputs(model.shape)}


def litert_logits(model: RankingModel, path: Path, inputs: dict[str, np.ndarray]) -> np.ndarray:
    export_litert_one_call(model, SIZES, path / "model.tflite")
    check_litert(path / "model.tflite", model)
    found: np.ndarray = Interpreter(str(path / "model.tflite")).get_signature_runner("rank")(**inputs)["logits"]
    return found


def coreml_logits(model: RankingModel, path: Path, inputs: dict[str, np.ndarray]) -> np.ndarray:
    export_coreml_one_call(model, SIZES, path / "Model.mlpackage")
    check_coreml(path / "Model.mlpackage", model)
    return MilInterpreter(path / "Model.mlpackage").run("main", inputs)["logits"]


@pytest.mark.parametrize("changes", CHANGES)
@pytest.mark.parametrize("precision", ["float", "int8"])
def test_litert_gives_the_logits_of_the_deepest_exit(tmp_path: Path, changes: str, precision: str) -> None:
    model = changed_model(changes, precision)
    for events in (0, 1, 7):
        user = user_of(events, model.shape.numbers, candidates=6)
        wanted = scores_of(reference_of(model), user, model.shape.encode_layers)[-1]
        found = litert_logits(model, tmp_path, given_to(user, model))
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=TOLERANCE[precision])


@pytest.mark.parametrize(
    "changes", ["the usual", "one interact layer", "no encode layer", "neither numbers nor factors"]
)
def test_core_ml_gives_the_logits_of_the_deepest_exit(tmp_path: Path, changes: str) -> None:
    model = changed_model(changes, "int8")
    user = user_of(7, model.shape.numbers, candidates=6)
    wanted = scores_of(reference_of(model), user, model.shape.encode_layers)[-1]
    found = coreml_logits(model, tmp_path, given_to(user, model))
    np.testing.assert_allclose(found, wanted, rtol=0, atol=0.02)


@pytest.mark.parametrize("logits_of", [litert_logits, coreml_logits])
def test_rows_that_are_no_event_change_nothing(logits_of: Any, tmp_path: Path) -> None:
    model, user = changed_model(), user_of(3, candidates=6)
    found, others = (logits_of(model, tmp_path, given_to(user, model, padding)) for padding in (5, 23))
    np.testing.assert_allclose(found, others, rtol=0, atol=1e-5)
    more = given_to(user, model) | {"event_count": np.array([4], dtype=np.int32)}
    assert np.abs(logits_of(model, tmp_path, more) - found).max() > 1e-2


def test_a_text_without_tokens_is_the_unknown_one(tmp_path: Path) -> None:
    model, user = changed_model(), user_of(3, candidates=6)
    empty, unknown = given_to(user, model), given_to(user, model)
    for name in ("profile_ids", "event_ids", "candidate_ids"):
        empty[name][0], unknown[name][0] = 0, 0
        unknown[name][0, 0] = 1
    found = [litert_logits(model, tmp_path, inputs) for inputs in (empty, unknown)]
    np.testing.assert_array_equal(*found)


def test_four_bit_weights_are_written_too(tmp_path: Path) -> None:
    model, user = changed_model("the usual", "int4"), user_of(5, candidates=6)
    wanted = scores_of(reference_of(model), user, model.shape.encode_layers)[-1]
    for logits_of in (litert_logits, coreml_logits):
        found = logits_of(model, tmp_path, given_to(user, model))
        np.testing.assert_allclose(found, wanted, rtol=0, atol=0.02)


def test_buckets_of_distance_are_those_of_the_engines() -> None:
    for events, distances in ((8, 6), (100, 32), (40, 5)):
        sizes = PlainSizes(events=events)
        starts = sizes.bucket_starts(distances)
        found = [(distance >= starts).sum() for distance in range(events + 2)]
        assert found == bucket_table(events + 1, distances).tolist()
    assert PlainSizes(events=3).within(3) == PlainSizes(events=2) and PlainSizes(events=3).within(9).events == 3
    assert PlainSizes(events=3).apart(6).tolist() == [[0, 6, 6, 6], [1, 0, 6, 6], [2, 1, 0, 6], [3, 2, 1, 0]]


def test_sizes_and_layers_that_cannot_be_are_refused(tmp_path: Path) -> None:
    for wrong in ({"events": 0}, {"candidates": 0}, {"events": 10**9}):
        with pytest.raises(EdgeError):
            PlainSizes(**wrong)
    apart = RankingModel(replace(SHAPE, shared=False))
    for export in (export_litert_one_call, export_coreml_one_call):
        with pytest.raises(EdgeError, match="layers of their own"):
            export(apart, SIZES, tmp_path / "model")
