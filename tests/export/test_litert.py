"""The ranking model's LiteRT file computes what the reference does, however requests are cut and padded."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from litert_faults import altered, duplicate, empty, sparsify, spoil, to_float, unshare
from random_rankers import (
    CANDIDATES,
    EVENTS,
    PLACES,
    SHAPE,
    model_of,
    request_of,
    scores_of,
    texts,
    user_of,
)

from cloud.ranking.model import RankingModel
from cloud.ranking.presets import STUDENT_SHAPES
from compress.graph import model_shape
from compress.integers import quantise_ranker
from edge.engines.chunk import chunk_of, chunks
from edge.engines.litert import LiteRtEngine
from edge.engines.protocol import Entries
from edge.engines.reference import ReferenceEngine
from edge.errors import EdgeError
from export.buckets import Buckets
from export.litert.check import check_litert
from export.litert.entry_points import export_litert

BUCKETS = Buckets(tokens=(8, 64), segments=20, append=(1, 4), candidates=(2, 4))
SMALL = replace(SHAPE, hidden_size=32, interact_layers=1)
CHANGES: list[dict[str, Any]] = [
    {},
    {"factors": 0},
    {"interact_layers": 1, "early_encode": 0},
    {"interact_layers": 0, "factors": 0},
    {"encode_layers": 0, "early_encode": 0},
    {"encode_layers": 0, "early_encode": 0, "interact_layers": 0},
    {"embedding_size": 16},
    {"numbers": 0},
    {"numbers": 0, "factors": 0},
    {"numbers": 0, "factors": 0, "interact_layers": 0, "encode_layers": 0, "early_encode": 0},
]


def reference_of(model: RankingModel) -> ReferenceEngine:
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    return ReferenceEngine(weights, model_shape(model.shape, PLACES))


def engine_of(model: RankingModel, directory: Path) -> LiteRtEngine:
    export_litert(model, PLACES, BUCKETS, directory / "model.tflite")
    return LiteRtEngine(directory, model_shape(model.shape, PLACES))


@pytest.fixture(scope="module")
def model() -> RankingModel:
    return quantise_ranker(model_of(SHAPE))


@pytest.fixture(scope="module")
def small_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("small") / "model.tflite"
    export_litert(quantise_ranker(model_of(SMALL)), PLACES, Buckets((6,), 2, (1,), (2,)), path)
    return path


@pytest.fixture(scope="module")
def engine(model: RankingModel, tmp_path_factory: pytest.TempPathFactory) -> LiteRtEngine:
    return engine_of(model, tmp_path_factory.mktemp("int8"))


@pytest.mark.parametrize(
    ("changes", "bits", "tolerance"),
    [*((changes, 0, 1e-5) for changes in CHANGES), *((changes, 8, 0.02) for changes in CHANGES), ({}, 4, 0.02)],
    ids=str,
)
def test_logits_are_those_of_the_reference(
    changes: dict[str, Any], bits: int, tolerance: float, tmp_path: Path
) -> None:
    model = model_of(replace(SHAPE, **changes))
    model = quantise_ranker(model, bits) if bits else model
    user = user_of(numbers=model.shape.numbers)
    reference, engine = reference_of(model), engine_of(model, tmp_path)
    check_litert(tmp_path / "model.tflite", model)
    for depth in model.shape.encode_depths:
        wanted = scores_of(reference, user, depth, (EVENTS,))
        assert wanted.std() > 0.05
        np.testing.assert_allclose(scores_of(engine, user, depth, (EVENTS,)), wanted, rtol=0, atol=tolerance)
        without = scores_of(reference, user, depth, ())
        np.testing.assert_allclose(scores_of(engine, user, depth, ()), without, rtol=0, atol=tolerance)


@pytest.mark.parametrize("steps", [(1,) * EVENTS, (2, 5), (4, 3), (EVENTS,)])
def test_a_user_who_grew_is_one_computed_whole(engine: LiteRtEngine, model: RankingModel, steps: tuple[int]) -> None:
    """Buckets of 1 and 4 hold them, the last of which is padded, or filled twice."""
    whole = scores_of(reference_of(model), user_of(), 2, (EVENTS,))
    np.testing.assert_allclose(scores_of(engine, user_of(), 2, steps), whole, rtol=0, atol=1e-3)


def test_padding_never_changes_a_score(engine: LiteRtEngine) -> None:
    candidates, timeline = request_of(engine)
    whole = engine.score(candidates, timeline, 2)
    for start in range(CANDIDATES):
        for stop in range(start + 1, CANDIDATES + 1):
            part = engine.score(candidates.part(start, stop), timeline, 2)
            np.testing.assert_allclose(part, whole[:, start:stop], rtol=0, atol=1e-5)


def test_a_request_of_nonsense_leaves_nothing_behind(engine: LiteRtEngine) -> None:
    candidates, timeline = request_of(engine)
    wanted = engine.score(candidates, timeline, 2)
    new = engine.append(candidates.part(0, 2), False, timeline)
    nothing = Entries(*(np.full_like(getattr(candidates, name), np.nan) for name in Entries.__dataclass_fields__))
    assert np.isnan(engine.score(nothing, timeline, 2)).any()
    assert np.isnan(engine.append(nothing, False, timeline).keys).any()
    np.testing.assert_array_equal(engine.score(candidates, timeline, 2), wanted)
    np.testing.assert_array_equal(engine.append(candidates.part(0, 2), False, timeline).keys, new.keys)


def test_more_candidates_than_the_largest_bucket_are_scored_in_turn(engine: LiteRtEngine) -> None:
    candidates, timeline = request_of(engine)
    many = Entries(*(np.tile(getattr(candidates, name), (3, 1)) for name in Entries.__dataclass_fields__))
    whole = engine.score(candidates, timeline, 2)
    np.testing.assert_allclose(engine.score(many, timeline, 2), np.tile(whole, (1, 3)), rtol=0, atol=1e-5)
    assert engine.score(many.part(0, 0), timeline, 2).shape == (3, 0)


def test_a_smaller_depth_is_the_first_rows(engine: LiteRtEngine) -> None:
    candidates, timeline = request_of(engine)
    whole = engine.score(candidates, timeline, 2)
    for depth in (0, 1):
        np.testing.assert_allclose(engine.score(candidates, timeline, depth), whole[: depth + 1], rtol=0, atol=1e-5)


@pytest.mark.parametrize("tokens", [8, 20, 64])
@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_summary_is_the_same_whatever_else_is_in_its_chunk(engine: LiteRtEngine, tokens: int, depth: int) -> None:
    alone = np.concatenate([engine.summarise(chunk_of([text], 6), depth) for text in texts()])
    parts = [
        engine.summarise(chunk_of(texts()[start:stop], 6), depth)
        for start, stop in chunks(texts(), 6, tokens, engine.chunk_segments)
    ]
    np.testing.assert_allclose(np.concatenate(parts), alone, rtol=0, atol=1e-3)


def test_threads_do_not_mix_their_requests(engine: LiteRtEngine) -> None:
    candidates, timeline = request_of(engine)
    wanted = [engine.score(candidates.part(row, row + 1), timeline, 2) for row in range(CANDIDATES)]

    def scored(row: int) -> np.ndarray:
        engine.summarise(chunk_of(texts()[:row], 6), 1)
        return engine.score(candidates.part(row, row + 1), timeline, 2)

    with ThreadPoolExecutor(4) as pool:
        for row, found in enumerate(pool.map(scored, [*range(1, CANDIDATES)] * 8)):
            np.testing.assert_array_equal(found, wanted[1 + row % (CANDIDATES - 1)])


def test_what_is_computed_is_what_the_engine_says(engine: LiteRtEngine) -> None:
    assert [engine.padded_candidates(count, 1) for count in (1, 2, 3, 4, 5, 9)] == [2, 2, 4, 4, 6, 10]
    assert [engine.padded_tokens(tokens) for tokens in (1, 8, 9, 64)] == [8, 8, 64, 64]
    assert (engine.chunk_tokens, engine.chunk_segments) == (64, 20)


@pytest.mark.parametrize("bits", [0, 8, 4])
def test_every_parameter_stands_in_the_file_once(bits: int, tmp_path: Path) -> None:
    model = model_of(replace(SHAPE, hidden_size=64, embedding_size=32, match_size=40, number_hidden=24))
    model = quantise_ranker(model, bits) if bits else model
    export_litert(model, PLACES, BUCKETS, tmp_path / "model.tflite")
    facts, content = check_litert(tmp_path / "model.tflite", model), (tmp_path / "model.tflite").read_bytes()
    assert facts.duplicate_bytes == facts.sparse_tensors == facts.empty_tensors == 0
    for name, tensor in model.state_dict().items():
        if name.endswith("weight") and tensor.ndim == 2 and not name.startswith(("kind", "matched")):
            low = bits == 4 and name.startswith(("token", "widen", "layers"))
            assert content.count(tensor.numpy().tobytes()) == (0 if low else 1), name
    assert ("INT4" in facts.matmuls, "INT8" in facts.matmuls) == (bits == 4, bits == 8)


def test_the_full_student_takes_its_weights_and_little_beside(tmp_path: Path) -> None:
    shape = replace(STUDENT_SHAPES["m6-edge"], vocabulary_size=30_000, numbers=22)
    model = quantise_ranker(RankingModel(shape))
    export_litert(model, 101, Buckets(), tmp_path / "model.tflite")
    facts = check_litert(tmp_path / "model.tflite", model)
    assert len(Buckets().signatures(model_shape(shape, 101))) == 11
    integers = sum(tensor.numel() for tensor in model.state_dict().values() if tensor.element_size() == 1)
    floats = sum(4 * tensor.numel() for tensor in model.state_dict().values() if tensor.element_size() == 4)
    assert integers == 11_020_288
    assert facts.weight_bytes < integers + floats + 16_384  # what is beside them: shapes, and biases that are folded
    assert facts.file_bytes - facts.weight_bytes < 200_000  # operators, and a zero point for each scale


def test_the_look_up_of_biases_comes_first_so_that_all_that_follows_is_one_part_of_xnnpack(tmp_path: Path) -> None:
    export_litert(model_of(SHAPE), PLACES, BUCKETS, tmp_path / "model.tflite")
    written = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel((tmp_path / "model.tflite").read_bytes(), 0))
    kinds, seen = schema.BuiltinOperator, 0
    for graph in written.subgraphs:
        if not graph.name.decode().startswith(("append", f"score_{SHAPE.interact_layers}")):
            continue
        codes = [written.operatorCodes[operator.opcodeIndex].builtinCode for operator in graph.operators]
        assert codes.count(kinds.GATHER) == 1 and {*codes[: codes.index(kinds.GATHER)]} <= {kinds.RESHAPE}, graph.name
        seen += 1
    assert seen == 4


def test_a_bucket_costs_the_same_whatever_the_weights_size(tmp_path: Path) -> None:
    def cost(**changes: Any) -> int:
        model, sizes = quantise_ranker(model_of(replace(SHAPE, **changes))), []
        for candidates in ((4,), (4, 8)):
            export_litert(model, PLACES, replace(BUCKETS, candidates=candidates), tmp_path / "model.tflite")
            sizes.append((tmp_path / "model.tflite").stat().st_size)
        return sizes[1] - sizes[0]

    small, wide = cost(), cost(hidden_size=96, vocabulary_size=500)
    assert abs(wide - small) < 256 and small < 40_000


def test_equal_models_give_equal_bytes(model: RankingModel, tmp_path: Path) -> None:
    for name in ("one", "other"):
        export_litert(model, PLACES, BUCKETS, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        (duplicate, "bytes of weights are stored twice"),
        (unshare, "bytes of weights are not the model's"),
        (to_float, "bytes of weights are not the model's"),
        (sparsify, "1 tensors carry LiteRT sparsity"),
        (spoil, "the model's layers.0.feed_forward_"),
        (empty, "1 tensors have no element"),
    ],
)
def test_a_planted_fault_is_refused(fault: Callable[[Any], None], named: str, small_file: Path, tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match="failed a check") as refused:
        check_litert(altered(small_file, tmp_path / "bad", fault), quantise_ranker(model_of(SMALL)))
    assert named in refused.value.evidence


def test_a_file_that_was_read_and_written_is_fit(small_file: Path, tmp_path: Path) -> None:
    """What `altered` does beside its fault is none."""
    check_litert(altered(small_file, tmp_path / "same", lambda model: None), quantise_ranker(model_of(SMALL)))


def test_a_model_with_layers_of_their_own_is_not_exported(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match="4 layers of their own"):
        export_litert(model_of(replace(SHAPE, shared=False)), PLACES, BUCKETS, tmp_path / "model.tflite")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"tokens": ()}, "^tokens is"),
        ({"tokens": (16, 8)}, "^tokens is"),
        ({"append": (0, 4)}, "^append is"),
        ({"candidates": (4, 4)}, "^candidates is"),
        ({"candidates": (4, 1_001)}, "^candidates is"),
        ({"segments": 0}, "^segments"),
    ],
)
def test_buckets_that_hold_nothing_are_refused(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(EdgeError, match=problem):
        Buckets(**changes)


def test_buckets_that_a_segment_does_not_fit_or_too_many_are_refused() -> None:
    graph = model_shape(SHAPE, PLACES)
    with pytest.raises(EdgeError, match="tokens holds 5 tokens, the model's longest segment has 6"):
        Buckets(tokens=(5,)).signatures(graph)
    assert len(Buckets(append=(1, 8, 32)).signatures(graph)) == 12
    with pytest.raises(EdgeError, match="the buckets make 13 signatures, 12 are allowed"):
        Buckets(append=(1, 8, 16, 32)).signatures(graph)


def test_buckets_share_every_table_that_is_the_same(model: RankingModel, tmp_path: Path) -> None:
    sizes, path = [], tmp_path / "model.tflite"
    for candidates in ((4,), (4, 8), (4, 8, 16)):
        export_litert(model, PLACES, Buckets((8,), 8, (1,), candidates), path)
        sizes.append(path.stat().st_size)
    assert max(np.diff(sizes)) < 6_000 < sizes[0]  # two signatures more, of which each alone would take 13,000 bytes
