"""One ONNX graph of the ranking model for a whole request: token ids and numbers in, logits of the deepest exit out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper
from random_rankers import BITS, CHANGES, PLACES, SHAPE, User, changed_model, reference_of, scores_of, shape_in, user_of

from cloud.ranking.model import RankingModel
from edge.engines.onnx import OnnxEngine
from edge.errors import EdgeError
from export.onnx.check import check_onnx
from export.onnx.entry_points import export_onnx
from export.onnx.one_call import export_onnx_one_call
from export.weights import weights_of

TOLERANCE = {"float": 1e-5, "int8": 0.02, "int4": 0.02}


def table(texts: list[tuple[int, ...]], rows: int, width: int) -> np.ndarray:
    ids = np.zeros((rows, width), dtype=np.int32)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = text[:width]
    return ids


def inputs_of(user: User, padding: int = 1, width: int = 6) -> dict[str, np.ndarray]:
    """With so many rows more than there are events; contexts are one each."""
    events, candidates = len(user.items), len(user.candidates)
    rows = events + padding
    beyond = ((0, padding), (0, 0))
    return {
        "profile_ids": table([user.profile], 1, width),
        "event_ids": table(user.items, rows, width),
        "phrase_ids": table(user.phrases, rows, width),
        "candidate_ids": table(user.candidates, candidates, width),
        "context_ids": table(user.contexts, len(user.contexts), width),
        "event_numbers": np.pad(np.nan_to_num(user.numbers), beyond, constant_values=7),
        "event_missing": np.pad(np.isnan(user.numbers).astype(np.float32), beyond),
        "candidate_numbers": np.nan_to_num(user.offered_numbers),
        "candidate_missing": np.isnan(user.offered_numbers).astype(np.float32),
        "liked": np.pad(user.liked, (0, padding), constant_values=9),
        "event_count": np.array([events], dtype=np.int32),
    }


def session_of(path: Path, model: RankingModel) -> Any:
    export_onnx_one_call(model, path, PLACES)
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def run(session: Any, inputs: dict[str, np.ndarray]) -> np.ndarray:
    """Of the inputs that the graph takes."""
    (logits,) = session.run(None, {node.name: inputs[node.name] for node in session.get_inputs()})
    return np.asarray(logits)


@pytest.mark.parametrize("precision", ["float", "int8"])
@pytest.mark.parametrize("changes", CHANGES)
def test_one_call_gives_the_logits_of_the_deepest_exit(tmp_path: Path, changes: str, precision: str) -> None:
    model = changed_model(changes, precision)
    session, reference = session_of(tmp_path / "model.onnx", model), reference_of(model)
    for events in (0, 1, 7):
        user = user_of(events, model.shape.numbers)
        wanted = scores_of(reference, user, model.shape.encode_layers)[-1]
        np.testing.assert_allclose(run(session, inputs_of(user)), wanted, rtol=1e-5, atol=TOLERANCE[precision])


@pytest.mark.parametrize("precision", BITS)
def test_one_call_is_what_the_engine_computes_for_a_full_timeline(tmp_path: Path, precision: str) -> None:
    model, user = changed_model("the usual", precision), user_of(PLACES - 1)
    export_onnx(model, tmp_path, PLACES)
    wanted = scores_of(OnnxEngine(tmp_path, shape_in(model)), user, model.shape.encode_layers)[-1]
    found = run(session_of(tmp_path / "model.onnx", model), inputs_of(user, padding=0))
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5 if precision == "float" else 0.02)


def test_rows_beyond_the_events_change_no_logit(tmp_path: Path) -> None:
    session, user = session_of(tmp_path / "model.onnx", changed_model()), user_of(5)
    wanted = run(session, inputs_of(user, padding=0))
    inputs = inputs_of(user, padding=4)
    inputs["event_ids"][5:] = 17
    inputs["phrase_ids"][5:] = 18
    np.testing.assert_allclose(run(session, inputs), wanted, rtol=0, atol=1e-5)
    inputs["event_count"][0] = 6
    assert np.abs(run(session, inputs) - wanted).max() > 1e-2


def test_narrower_tables_give_the_same_logits(tmp_path: Path) -> None:
    session, user = session_of(tmp_path / "model.onnx", changed_model()), user_of(3)
    texts = {
        name: [text[:4] for text in getattr(user, name)] for name in ("items", "phrases", "candidates", "contexts")
    }
    short = replace(user, profile=user.profile[:4], **texts)
    found = run(session, inputs_of(short, width=4))
    np.testing.assert_allclose(found, run(session, inputs_of(short)), rtol=0, atol=1e-5)


def test_one_context_serves_all_candidates(tmp_path: Path) -> None:
    session, user = session_of(tmp_path / "model.onnx", changed_model()), user_of(3)
    inputs = inputs_of(user)
    alone = inputs | {"context_ids": inputs["context_ids"][:1]}
    each = inputs | {"context_ids": np.repeat(inputs["context_ids"][:1], 5, 0)}
    np.testing.assert_allclose(run(session, alone), run(session, each), rtol=0, atol=1e-5)
    assert np.abs(run(session, inputs) - run(session, each)).max() > 1e-3


def test_a_text_without_tokens_is_the_unknown_one(tmp_path: Path) -> None:
    session, user = session_of(tmp_path / "model.onnx", changed_model()), user_of(3)
    empty, unknown = inputs_of(user), inputs_of(user)
    for name in ("profile_ids", "event_ids", "candidate_ids"):
        empty[name][0], unknown[name][0] = 0, 0
        unknown[name][0, 0] = 1
    np.testing.assert_array_equal(run(session, empty), run(session, unknown))


@pytest.mark.parametrize("precision", BITS)
def test_every_weight_of_the_ranker_is_in_one_call_once(tmp_path: Path, precision: str) -> None:
    model, path = changed_model("the usual", precision), tmp_path / "model.onnx"
    export_onnx_one_call(model, path, PLACES)
    stored = check_onnx([path], model)
    weights = sum(weight.nbytes for weight in weights_of(model).values())
    assert weights < stored < weights + 8_000
    assert path.stat().st_size < weights + 60_000


def test_equal_biases_of_distances_of_an_untrained_ranker_are_no_fault(tmp_path: Path) -> None:
    model = RankingModel(replace(SHAPE, hidden_size=32, heads=16, distances=32))
    assert not model.distance.any()
    export_onnx_one_call(model, tmp_path / "model.onnx", PLACES)
    check_onnx([tmp_path / "model.onnx"], model)


def test_a_ranker_weight_stored_again_within_the_loop_is_refused(tmp_path: Path) -> None:
    model, path = changed_model("the usual", "int8"), tmp_path / "model.onnx"
    export_onnx_one_call(model, path, PLACES)
    file = onnx.load(str(path))
    (loop,) = (node for node in file.graph.node if node.op_type == "Loop")
    (weight,) = (tensor for tensor in file.graph.initializer if tensor.name == "feed_forward_in_weight")
    (body,) = (attribute for attribute in loop.attribute if attribute.name == "body")
    body.g.initializer.append(numpy_helper.from_array(numpy_helper.to_array(weight), "again"))
    onnx.save(file, str(path))
    with pytest.raises(EdgeError, match="failed a check") as refused:
        check_onnx([path], model)
    assert refused.value.evidence == "1024 bytes of weights are stored twice"


def test_one_call_of_another_model_or_of_layers_of_their_own_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    export_onnx_one_call(changed_model(), path, PLACES)
    with pytest.raises(EdgeError, match="failed a check"):
        check_onnx([path], changed_model(seed=4))
    with pytest.raises(EdgeError, match="4 layers of their own"):
        export_onnx_one_call(RankingModel(replace(SHAPE, shared=False)), path, PLACES)
