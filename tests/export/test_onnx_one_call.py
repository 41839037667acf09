"""One ONNX graph for a whole request: ids, mask and depth in, the full plan's scores out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from compress.integers import dequantise, quantise
from export.onnx.one_call import check_onnx_one_call, export_onnx_one_call
from onnx import numpy_helper
from small_models import Segment, make_candidates, make_model, make_user, scores_alone, shape, teacher_shape

from cloud.model import Encoder
from edge.errors import EdgeError
from edge.text.wordpiece import BOS, BOS_USER, EOS, EOS_USER
from export.weights import weights_of

User = tuple[Segment, ...]
MODELS = {
    "float": make_model(),
    "float, not factorised": make_model(shape(embedding_size=32)),
    "int8": quantise(make_model()),
    "4 bits": quantise(make_model(), 4),
}


@pytest.fixture(scope="module", params=MODELS)
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Encoder, Path]:
    path = tmp_path_factory.mktemp("one") / "model.onnx"
    export_onnx_one_call(MODELS[request.param], path)
    return MODELS[request.param], path


def packed(rows: Sequence[tuple[User, Segment]], padding: int = 0) -> dict[str, np.ndarray]:
    """ids and mask, a row per user and candidate."""
    length = padding + max(sum(map(len, user)) + len(candidate) for user, candidate in rows)
    ids, mask = np.zeros((2, len(rows), length), dtype=np.int32)
    for row, (user, candidate) in enumerate(rows):
        segments = [*user, candidate]
        tokens = [token for segment in segments for token in segment]
        ids[row, : len(tokens)] = tokens
        mask[row, : len(tokens)] = np.repeat(np.arange(len(segments)) + 1, list(map(len, segments)))
    return {"ids": ids, "mask": mask}


def run(path: Path, inputs: dict[str, np.ndarray], depth: int) -> np.ndarray:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (scores,) = session.run(None, inputs | {"k": np.array([depth], dtype=np.int32)})
    return np.asarray(scores)


def test_every_depth_gives_the_full_plans_scores(written: tuple[Encoder, Path]) -> None:
    model, path = written
    random = np.random.default_rng(0)
    users = [make_user(random, events) for events in (0, 1, 4, 10)] + [((BOS_USER,), (EOS_USER,))]
    for user in users:
        candidates = make_candidates(random, 3)
        wanted = scores_alone(model, user, candidates)
        inputs = packed([(user, candidate) for candidate in candidates])
        for depth in (1, 2, 3, 4):
            np.testing.assert_allclose(run(path, inputs, depth), wanted[depth - 1], rtol=0, atol=1e-4)


@pytest.mark.parametrize(("asked", "given"), [(-7, 1), (0, 1), (5, 4), (2**31 - 1, 4)])
def test_a_depth_the_model_has_not_is_held_to_its_layers(written: tuple[Encoder, Path], asked: int, given: int) -> None:
    inputs = packed([(make_user(np.random.default_rng(1)), (BOS, 20, 21, EOS))])
    np.testing.assert_array_equal(run(written[1], inputs, asked), run(written[1], inputs, given))


def test_a_score_depends_neither_on_other_rows_nor_on_padding(written: tuple[Encoder, Path]) -> None:
    random = np.random.default_rng(2)
    rows = [(make_user(random, events), make_candidates(random, 1)[0]) for events in (0, 2, 9)]
    together = run(written[1], packed(rows), 4)
    for place, row in enumerate(rows):
        for padding in (0, 1, 30):
            gap = np.abs(run(written[1], packed([row], padding), 4) - together[place : place + 1])
            assert gap.max() < 1e-5


def test_the_candidate_is_scored_at_its_last_token_and_never_seen_by_the_user(written: tuple[Encoder, Path]) -> None:
    user = make_user(np.random.default_rng(4))
    candidates = [(BOS, 30, EOS), (BOS, 30, 31, 32, EOS), (BOS, 31, EOS)]
    scores = run(written[1], packed([(user, candidate) for candidate in candidates]), 4)
    assert len(set(scores.tolist())) == 3
    wanted = scores_alone(written[0], user, tuple(candidates))[-1]
    np.testing.assert_allclose(scores, wanted, rtol=0, atol=1e-4)


def test_every_weight_is_stored_once(written: tuple[Encoder, Path]) -> None:
    model, path = written
    stored = check_onnx_one_call(path, model)
    weights = sum(weight.nbytes for weight in weights_of(model).values())
    assert weights < stored < path.stat().st_size < weights + 20_000


def test_writing_twice_gives_the_same_bytes(written: tuple[Encoder, Path], tmp_path: Path) -> None:
    export_onnx_one_call(written[0], tmp_path / "again.onnx")
    assert (tmp_path / "again.onnx").read_bytes() == written[1].read_bytes()


def test_a_weight_stored_again_within_the_loop_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    export_onnx_one_call(MODELS["int8"], path)
    file = onnx.load(str(path))
    (loop,) = (node for node in file.graph.node if node.op_type == "Loop")
    (weight,) = (tensor for tensor in file.graph.initializer if tensor.name == "feed_forward_in_weight")
    again = numpy_helper.from_array(numpy_helper.to_array(weight), "again")
    loop.attribute[0].g.initializer.append(again)
    onnx.save(file, str(path))
    with pytest.raises(EdgeError, match="not fit to ship") as refused:
        check_onnx_one_call(path, MODELS["int8"])
    assert "4096 bytes of weights are stored twice" in refused.value.evidence


def test_float_weights_and_those_of_another_model_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    export_onnx_one_call(dequantise(MODELS["int8"]), path)
    with pytest.raises(EdgeError, match="not fit to ship") as refused:
        check_onnx_one_call(path, MODELS["int8"])
    assert "float weights" in refused.value.evidence
    with pytest.raises(EdgeError, match="not fit to ship"):
        check_onnx_one_call(path, MODELS["float"])


def test_a_model_with_layers_of_their_own_has_no_such_graph(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match="3 layers of their own"):
        export_onnx_one_call(make_model(teacher_shape()), tmp_path / "model.onnx")
