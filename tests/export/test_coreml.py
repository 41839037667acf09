"""The ranking model's Core ML package, read back and simulated, computes what the reference does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import coreml_packages as faulty
import numpy as np
import pytest
from coreml_packages import Altered
from random_rankers import (
    CANDIDATES,
    EVENTS,
    PLACES,
    SHAPE,
    model_of,
    request_of,
    scores_of,
    sparse_model,
    texts,
    user_of,
)

from cloud.ranking.model import RankingModel
from compress.graph import model_shape
from compress.integers import dequantise_ranker
from edge.engines.chunk import chunk_of, chunks
from edge.engines.protocol import Entries
from edge.engines.reference import ReferenceEngine
from edge.errors import EdgeError
from export.buckets import Buckets
from export.coreml.check import check_coreml
from export.coreml.engine import PACKAGE, CoreMlEngine
from export.coreml.forms import half
from export.coreml.package import export_coreml
from export.coreml.simulator.stored import MilPackage

BUCKETS = Buckets(tokens=(8, 64), segments=20, append=(1, 4), candidates=(2, 4))
FEW = Buckets(tokens=(64,), segments=20, append=(8,), candidates=(8,))
INT8_ACTIVATIONS = 0.02  # the reference rounds activations to 8 bits, Core ML keeps float16
CHANGES: list[dict[str, Any]] = [
    {},
    {"factors": 0},
    {"interact_layers": 1, "early_encode": 0},
    {"interact_layers": 0, "factors": 0},
    {"embedding_size": 16},
    {"numbers": 0},
    {"numbers": 0, "factors": 0, "interact_layers": 0, "encode_layers": 0, "early_encode": 0},
]


def reference_of(model: RankingModel) -> ReferenceEngine:
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    return ReferenceEngine(weights, model_shape(model.shape, PLACES))


def engine_of(model: RankingModel, directory: Path, arithmetic: Any = "program") -> CoreMlEngine:
    return CoreMlEngine(directory, model_shape(model.shape, PLACES), arithmetic=arithmetic)


@pytest.fixture(scope="module")
def model() -> RankingModel:
    return sparse_model()


@pytest.fixture(scope="module")
def directory(model: RankingModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("int8")
    export_coreml(model, PLACES, BUCKETS, path / PACKAGE)
    return path


@pytest.fixture(scope="module")
def engine(model: RankingModel, directory: Path) -> CoreMlEngine:
    return engine_of(model, directory)


@pytest.mark.parametrize(
    ("changes", "bits"),
    [*((changes, 8) for changes in CHANGES), ({}, 0), ({}, 4)],
    ids=str,
)
def test_logits_are_those_of_the_reference(changes: dict[str, Any], bits: int, tmp_path: Path) -> None:
    """Without rounding they are equal to the reference's in float; in float16, and of a float model, whose weights are
    rounded as well, they are near it."""
    model = sparse_model(bits, **changes) if bits else model_of(replace(SHAPE, **changes))
    export_coreml(model, PLACES, FEW, tmp_path / PACKAGE)
    check_coreml(tmp_path / PACKAGE, model)
    exact = reference_of(dequantise_ranker(model) if bits else model)
    compared = [(exact, "program", 5e-3), (exact, "float32", 1e-5 if bits else 2e-3)]
    compared += [(reference_of(model), "program", INT8_ACTIVATIONS)] if bits else []
    user = user_of(numbers=model.shape.numbers)
    for reference, arithmetic, tolerance in compared:
        engine = engine_of(model, tmp_path, arithmetic)
        for depth, steps in ((model.shape.encode_depths[-1], (EVENTS,)), (model.shape.encode_depths[0], ())):
            wanted = scores_of(reference, user, depth, steps)
            assert wanted.std() > 0.01
            found = scores_of(engine, user, depth, steps)
            np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance)


def test_what_never_enters_the_layer_is_in_float32(engine: CoreMlEngine, model: RankingModel) -> None:
    candidates, timeline = request_of(engine)
    reference = reference_of(model)
    at_once = reference.score(candidates, timeline, 0)
    np.testing.assert_allclose(engine.score(candidates, timeline, 0), at_once, rtol=0, atol=3e-6)
    new, wanted = (one.append(candidates.part(0, 3), False, timeline) for one in (engine, reference))
    for name in ("match_keys", "gates", "said", "factors"):
        np.testing.assert_allclose(getattr(new, name), getattr(wanted, name), rtol=0, atol=3e-6)
    assert np.abs(new.keys - wanted.keys).max() > 1e-5  # those of the layer are not


@pytest.mark.parametrize("steps", [(1,) * EVENTS, (2, 5), (4, 3)])
def test_a_user_who_grew_is_one_computed_whole(engine: CoreMlEngine, model: RankingModel, steps: tuple[int]) -> None:
    """Buckets of 1 and 4 hold them, the last of which is padded, or filled twice."""
    whole = scores_of(reference_of(dequantise_ranker(model)), user_of(), 2, (EVENTS,))
    np.testing.assert_allclose(scores_of(engine, user_of(), 2, steps), whole, rtol=0, atol=5e-3)


def test_padding_never_changes_a_score(engine: CoreMlEngine) -> None:
    candidates, timeline = request_of(engine)
    whole = engine.score(candidates, timeline, 2)
    for start, stop in ((0, 1), (0, 3), (1, 5), (4, 5)):
        part = engine.score(candidates.part(start, stop), timeline, 2)
        np.testing.assert_allclose(part, whole[:, start:stop], rtol=0, atol=1e-3)
    many = Entries(*(np.tile(getattr(candidates, name), (3, 1)) for name in Entries.__dataclass_fields__))
    np.testing.assert_allclose(engine.score(many, timeline, 2), np.tile(whole, (1, 3)), rtol=0, atol=1e-3)
    assert engine.score(many.part(0, 0), timeline, 2).shape == (3, 0)


def test_a_smaller_depth_is_the_first_rows(engine: CoreMlEngine) -> None:
    candidates, timeline = request_of(engine)
    whole = engine.score(candidates, timeline, 2)
    for depth in (0, 1):
        np.testing.assert_allclose(engine.score(candidates, timeline, depth), whole[: depth + 1], rtol=0, atol=3e-6)


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_summary_is_the_same_whatever_else_is_in_its_chunk(engine: CoreMlEngine, depth: int) -> None:
    alone = np.concatenate([engine.summarise(chunk_of([text], 6), depth) for text in texts()])
    for tokens in (8, 64):
        parts = [
            engine.summarise(chunk_of(texts()[start:stop], 6), depth)
            for start, stop in chunks(texts(), 6, tokens, engine.chunk_segments)
        ]
        np.testing.assert_allclose(np.concatenate(parts), alone, rtol=0, atol=5e-3)


def test_what_is_computed_is_what_the_engine_says(engine: CoreMlEngine) -> None:
    assert [engine.padded_candidates(count, 1) for count in (1, 2, 3, 4, 5, 9)] == [2, 2, 4, 4, 6, 10]
    assert [engine.padded_tokens(tokens) for tokens in (1, 8, 9, 64)] == [8, 8, 64, 64]
    assert (engine.chunk_tokens, engine.chunk_segments) == (64, 20)
    with pytest.raises(EdgeError, match="a chunk of 65 tokens"):
        engine.summarise(chunk_of([(2,)] * 65, 6), 1)


def test_every_weight_stands_in_the_package_once(directory: Path, model: RankingModel) -> None:
    facts, package = check_coreml(directory / PACKAGE, model), MilPackage(directory / PACKAGE)
    assert len(facts.functions) == 10 and facts.unique_ratio == 1.0
    for name, tensor in model.state_dict().items():
        weight = tensor.numpy()
        if weight.dtype == np.int8 and name.startswith(("token", "widen", "layers")):
            assert package.data.count(weight[weight != 0].tobytes()) == 1 and weight.tobytes() not in package.data
            assert package.data.count(np.packbits(weight != 0, bitorder="little").tobytes()) == 1, name
        elif weight.ndim == 2 and weight.dtype == np.float32 and weight.size > 16:
            precise = package.data.count(weight.tobytes()), package.data.count(half(name, weight).tobytes())
            assert precise == (1, 0), name


def test_more_buckets_hold_no_more_weights(directory: Path, model: RankingModel, tmp_path: Path) -> None:
    export_coreml(model, PLACES, FEW, tmp_path / PACKAGE)
    few, many = (check_coreml(path / PACKAGE, model) for path in (tmp_path, directory))
    assert (len(few.functions), len(many.functions)) == (6, 10)
    assert set(few.weights + few.floats) == set(many.weights + many.floats)
    assert few.weight_bytes == many.weight_bytes


def test_equal_models_give_equal_bytes(model: RankingModel, directory: Path, tmp_path: Path) -> None:
    export_coreml(model, PLACES, BUCKETS, tmp_path / PACKAGE)
    for path in (path for path in directory.rglob("*") if path.is_file()):
        assert (tmp_path / path.relative_to(directory)).read_bytes() == path.read_bytes()


def test_coremltools_own_reader_accepts_the_package(directory: Path) -> None:
    from coremltools.converters.mil.frontend.milproto.load import load
    from coremltools.proto import Model_pb2

    (program,) = directory.rglob("*.mlmodel")
    spec = Model_pb2.Model.FromString(program.read_bytes())
    loaded = load(spec, spec.specificationVersion, str(next(directory.rglob("weight.bin")).parent))
    assert len(loaded.functions) == 10


def surprise(package: Altered) -> None:
    next(package.operations("tanh")).type = "sin"


def soften(package: Altered) -> None:
    """Another weight of the match."""
    constant = next(one for one in package.operations("const") if one.outputs[0].name == "match_of_event_weight")
    offset = constant.attributes["val"].blobFileValue.offset
    package.data[offset + 64 + 3] ^= 1


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        (faulty.spoil, "the model's layers.0.feed_forward_"),
        (faulty.move_a_zero, "the model's layers.0.feed_forward_"),
        (faulty.rescale, "the model's layers.0.feed_forward_"),
        (faulty.to_float, "bytes of weights are not the model's"),
        (soften, "the model's match.of_event are not in it"),
        (surprise, "operations that no graph needs: sin"),
    ],
)
def test_a_planted_fault_is_refused(
    fault: Callable[[Altered], None], named: str, directory: Path, model: RankingModel, tmp_path: Path
) -> None:
    altered = Altered(directory / PACKAGE, tmp_path / "bad.mlpackage")
    check_coreml(altered.write(), model)
    fault(altered)
    with pytest.raises(EdgeError, match="failed a check") as refused:
        check_coreml(altered.write(), model)
    assert named in refused.value.evidence


@pytest.mark.parametrize("fault", [faulty.duplicate, faulty.orphan])
def test_a_large_weight_that_stands_there_twice_is_refused(fault: Callable[[Altered], None], tmp_path: Path) -> None:
    model = sparse_model(hidden_size=32, interact_layers=0, factors=0)
    export_coreml(model, PLACES, FEW, tmp_path / PACKAGE)
    altered = Altered(tmp_path / PACKAGE, tmp_path / "bad.mlpackage")
    fault(altered)
    with pytest.raises(EdgeError, match="failed a check") as refused:
        check_coreml(altered.write(), model)
    assert "bytes of weights are stored twice" in refused.value.evidence


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"places": 13}, "the input apart of append_1 is int32 [1, 13], not int32 [1, 14]"),
        ({"interact_layers": 3}, "score_2_2 is none of its functions"),
        ({"factors": 0}, "the output new_factors of append_1 is float32 [1, 4], not absent"),
    ],
)
def test_another_model_than_the_manifests_is_refused(changes: dict[str, int], named: str, directory: Path) -> None:
    with pytest.raises(EdgeError, match="not the model that the manifest describes") as refused:
        CoreMlEngine(directory, replace(model_shape(SHAPE, PLACES), **changes))
    assert named in refused.value.evidence


def test_a_model_with_layers_of_their_own_is_not_exported(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match="4 layers of their own"):
        export_coreml(model_of(replace(SHAPE, shared=False)), PLACES, BUCKETS, tmp_path / PACKAGE)
    assert list(tmp_path.iterdir()) == []


def test_a_weight_beyond_float16_is_refused(tmp_path: Path) -> None:
    model = model_of(SHAPE)
    model.layers[0].attention_out.weight.data[0, 0] = 70_000.0  # type: ignore[union-attr, operator]
    with pytest.raises(EdgeError, match=r"layers.0.attention_out.weight is beyond float16"):
        export_coreml(model, PLACES, FEW, tmp_path / PACKAGE)
    assert list(tmp_path.iterdir()) == []


def test_candidates_of_the_tests_fill_no_bucket() -> None:
    """What is padded is tested as padding."""
    assert CANDIDATES not in (*BUCKETS.candidates, *FEW.candidates) and EVENTS not in (*BUCKETS.append, *FEW.append)
