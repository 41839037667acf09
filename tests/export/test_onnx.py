"""ONNX Runtime computes what the reference engine of the ranking model computes; graphs that do not fit are refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from random_rankers import (
    BITS,
    CHANGES,
    PLACES,
    SHAPE,
    candidates_of,
    changed_model,
    entries_of,
    reference_of,
    scores_of,
    shape_in,
    summaries_of,
    timeline_of,
    user_of,
)

from cloud.ranking.model import RankingModel
from compress.integer_layers import QuantisedLinear
from compress.integers import quantise_ranker
from edge.engines.chunk import chunk_of
from edge.engines.onnx import WEIGHTS, OnnxEngine
from edge.engines.timeline import Timeline
from edge.errors import EdgeError
from export.onnx.check import check_onnx
from export.onnx.entry_points import export_onnx
from export.weights import weights_of

TOLERANCE = {"float": 1e-5, "int8": 0.02, "int4": 0.02}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """The folder of a model's graphs, written once."""
    folder = tmp_path_factory.mktemp("onnx")

    def of(changes: str = "the usual", precision: str = "int8") -> Path:
        directory = folder / changes.replace(" ", "-") / precision
        if not directory.is_dir():
            export_onnx(changed_model(changes, precision), directory, PLACES)
        return directory

    return of


@pytest.fixture
def graphs(written: Callable[..., Path], tmp_path: Path) -> Path:
    return shutil.copytree(written(), tmp_path / "onnx")


def files(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.onnx"))


@pytest.mark.parametrize("precision", BITS)
@pytest.mark.parametrize("changes", CHANGES)
def test_logits_are_those_of_the_reference(written: Callable[..., Path], changes: str, precision: str) -> None:
    model = changed_model(changes, precision)
    engine, reference = OnnxEngine(written(changes, precision), shape_in(model)), reference_of(model)
    for events in (0, 1, 7):
        user = user_of(events, model.shape.numbers)
        for depth in model.shape.encode_depths:
            found, wanted = (scores_of(one, user, depth) for one in (engine, reference))
            assert found.shape == (model.shape.interact_layers + 1, 5)
            np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=TOLERANCE[precision])


@pytest.mark.parametrize("precision", ["float", "int8"])
def test_a_layer_as_wide_as_on_phones_is_that_of_the_reference(tmp_path: Path, precision: str) -> None:
    torch.manual_seed(0)
    shape = replace(SHAPE, hidden_size=128, embedding_size=64, match_size=64, number_hidden=64, factors=32)
    model = RankingModel(shape).eval()
    torch.nn.init.normal_(model.head.weight, std=0.1)
    torch.nn.init.normal_(model.matched.weight, std=0.3)
    if precision == "int8":
        model = quantise_ranker(model)
    export_onnx(model, tmp_path, PLACES)
    user = user_of(9, candidates=40)
    found = scores_of(OnnxEngine(tmp_path, shape_in(model)), user, 3)
    np.testing.assert_allclose(found, scores_of(reference_of(model), user, 3), rtol=0, atol=TOLERANCE[precision])


@pytest.mark.parametrize("precision", ["float", "int8"])
def test_a_user_who_grew_on_onnx_is_one_computed_whole(written: Callable[..., Path], precision: str) -> None:
    engine = OnnxEngine(written("the usual", precision), shape_in(changed_model()))
    user = user_of(11)  # a full timeline
    whole = scores_of(engine, user, 3)
    for steps in ((1,) * 11, (4, 1, 6)):
        np.testing.assert_allclose(scores_of(engine, user, 3, steps), whole, rtol=0, atol=TOLERANCE[precision])
    assert np.abs(scores_of(engine, user, 3, (10,)) - whole).max() > 1e-2


def test_a_summary_does_not_depend_on_its_chunk(written: Callable[..., Path]) -> None:
    engine = OnnxEngine(written("the usual", "float"), shape_in(changed_model()))
    texts = [*user_of(11).items, ()]
    together = summaries_of(engine, texts, 3)
    for tokens in (1, 7, 20):
        np.testing.assert_allclose(summaries_of(engine, texts, 3, tokens), together, rtol=0, atol=1e-5)


def test_padding_of_a_chunk_changes_no_summary(written: Callable[..., Path]) -> None:
    engine = OnnxEngine(written("the usual", "float"), shape_in(changed_model()))
    chunk = chunk_of(user_of(3).items, 6)
    found = engine.summarise(chunk.padded(len(chunk) + 9), 3)
    np.testing.assert_allclose(found, engine.summarise(chunk, 3), rtol=0, atol=1e-5)


def test_a_candidate_never_sees_another_one(written: Callable[..., Path]) -> None:
    engine, user = OnnxEngine(written("the usual", "float"), shape_in(changed_model())), user_of(5)
    timeline, candidates = timeline_of(engine, user, 1, [5]), candidates_of(engine, user, 1)
    together = engine.score(candidates, timeline, 2)
    for place in range(len(candidates)):
        alone = engine.score(candidates.part(place, place + 1), timeline, 2)
        np.testing.assert_allclose(alone, together[:, place : place + 1], rtol=0, atol=1e-5)


def test_a_shallower_depth_gives_the_first_rows(written: Callable[..., Path]) -> None:
    engine, user = OnnxEngine(written("the usual", "float"), shape_in(changed_model())), user_of(5)
    timeline, candidates = timeline_of(engine, user, 1, [5]), candidates_of(engine, user, 1)
    deepest = engine.score(candidates, timeline, 2)
    for depth in (0, 1):
        np.testing.assert_allclose(engine.score(candidates, timeline, depth), deepest[: depth + 1], rtol=0, atol=1e-6)


@pytest.mark.parametrize("precision", BITS)
def test_every_weight_of_the_ranker_is_stored_once(written: Callable[..., Path], precision: str) -> None:
    directory, model = written("the usual", precision), changed_model("the usual", precision)
    stored = check_onnx(files(directory), model)
    weights = sum(weight.nbytes for weight in weights_of(model).values())
    assert weights < stored < weights + 8_000
    assert (directory / WEIGHTS).stat().st_size < weights + 12_000
    assert all(path.stat().st_size < 40_000 for path in files(directory))


def test_tables_and_layers_are_the_very_integers_and_matching_stays_in_float(written: Callable[..., Path]) -> None:
    model, held = changed_model("the usual", "int4"), {}
    for path in files(written("the usual", "int4")):
        held |= {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(str(path)).graph.initializer}
    for name, weight in weights_of(model).items():
        flat = name.replace("layers.0.", "").replace(".", "_")
        integers = isinstance(model.get_submodule(name), QuantisedLinear)
        found = held[f"{flat}_weight"].astype(int).T - 128 if integers else held[f"{flat}_weight"]
        np.testing.assert_array_equal(found, weight)
    kinds = {name.removesuffix("_weight"): held[name].dtype for name in held if name.endswith("_weight")}
    assert {name for name, kind in kinds.items() if kind != np.float32} == {
        "token", "position", "widen", "attention_in", "attention_out", "feed_forward_in", "feed_forward_out"
    }  # fmt: skip


def test_writing_the_ranker_twice_gives_the_same_bytes(graphs: Path, tmp_path: Path) -> None:
    export_onnx(changed_model("the usual", "int8"), tmp_path / "again", PLACES)
    for path in graphs.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("changes", "scores"), [("the usual", {"score_0", "score_2"}), ("no interact layer", {"score_0"})]
)
def test_the_deepest_scores_are_in_a_file_named_after_their_depth(
    written: Callable[..., Path], changes: str, scores: set[str]
) -> None:
    names = {path.stem for path in files(written(changes, "float"))}
    assert names == {"embed", "encode", "summarise", "append", *scores}


def test_nothing_to_compute_gives_nothing(written: Callable[..., Path]) -> None:
    """ONNX Runtime itself would divide by zero."""
    engine = OnnxEngine(written(), shape_in(changed_model()))
    empty, timeline = (
        entries_of(*(np.zeros((0, width), dtype=np.float32) for width in (16, 16, 3))),
        Timeline(engine.shape),
    )
    assert engine.summarise(chunk_of([], 6), 1).shape == (0, 16)
    assert engine.append(empty, False, timeline).keys.shape == (2, 2, 0, 8)
    assert engine.score(empty, timeline, 2).shape == (3, 0)


@pytest.mark.parametrize("name", ["encode.onnx", "score_2.onnx", WEIGHTS])
def test_a_missing_file_of_the_ranker_is_named(graphs: Path, name: str) -> None:
    (graphs / name).unlink()
    with pytest.raises(EdgeError, match=f"has no {name}"):
        OnnxEngine(graphs, shape_in(changed_model()))


@pytest.mark.parametrize(
    ("change", "evidence"),
    [
        ({"places": 13}, "append.onnx.*its input keys is (2, 2, 12, 8), not (2, 2, 13, 8)"),
        ({"heads": 4}, "append.onnx.*its input keys is (2, 2, 12, 8), not (2, 4, 12, 4)"),
        ({"hidden": 32}, "embed.onnx.*its output hidden is (T, 16), not (T, 32)"),
        ({"factors": 0}, "append.onnx.*its output new_factors is (n, 4), not absent"),
        ({"numbers": 5}, "append.onnx.*its input missing is (n, 3), not (n, 5)"),
    ],
)
def test_a_ranker_of_another_shape_than_the_manifests_is_refused(
    graphs: Path, change: dict[str, int], evidence: str
) -> None:
    name, said = evidence.split(".*")
    with pytest.raises(EdgeError, match=f"{name} is not the model that the manifest describes") as refused:
        OnnxEngine(graphs, replace(shape_in(changed_model()), **change))
    assert refused.value.evidence == said


def test_a_broken_file_of_the_ranker_is_refused(graphs: Path) -> None:
    (graphs / "encode.onnx").write_bytes(b"not a graph")
    with pytest.raises(EdgeError, match=r"encode\.onnx is not a model that this engine reads"):
        OnnxEngine(graphs, shape_in(changed_model()))


def test_a_cut_file_of_weights_is_refused(graphs: Path) -> None:
    content = (graphs / WEIGHTS).read_bytes()
    (graphs / WEIGHTS).write_bytes(content[: len(content) // 2])
    with pytest.raises(EdgeError, match="is not a model that this engine reads"):
        OnnxEngine(graphs, shape_in(changed_model()))


def _duplicate(graphs: Path) -> None:
    encode = onnx.load(str(graphs / "encode.onnx"))
    (weight,) = (t for t in encode.graph.initializer if t.name == "feed_forward_in_weight")
    embed = onnx.load(str(graphs / "embed.onnx"), load_external_data=False)
    embed.graph.initializer.append(weight)
    onnx.save(embed, str(graphs / "embed.onnx"))


def _to_float(graphs: Path) -> None:
    encode = onnx.load(str(graphs / "encode.onnx"), load_external_data=False)
    values = np.random.default_rng(0).normal(size=(16, 64)).astype(np.float32)
    encode.graph.initializer.append(numpy_helper.from_array(values, "a_float_weight"))
    onnx.save(encode, str(graphs / "encode.onnx"))


def _spoil(graphs: Path) -> None:
    encode = onnx.load(str(graphs / "encode.onnx"), load_external_data=False)
    (weight,) = (t for t in encode.graph.initializer if t.name == "attention_out_weight")
    where = {entry.key: entry.value for entry in weight.external_data}
    content = bytearray((graphs / WEIGHTS).read_bytes())
    content[int(where["offset"])] ^= 1
    (graphs / WEIGHTS).write_bytes(content)


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        (_duplicate, "1024 bytes of weights are stored twice"),
        (_to_float, "4096 bytes of weights are not the model's"),
        (_spoil, "the model's layers.0.attention_out are not in it"),
    ],
)
def test_a_planted_fault_in_the_ranker_is_refused(graphs: Path, fault: Callable[[Path], None], named: str) -> None:
    check_onnx(files(graphs), changed_model("the usual", "int8"))
    fault(graphs)
    with pytest.raises(EdgeError, match="failed a check") as refused:
        check_onnx(files(graphs), changed_model("the usual", "int8"))
    assert refused.value.evidence is not None and named in refused.value.evidence


def test_a_ranker_with_layers_of_their_own_is_not_exported(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match="4 layers of their own"):
        export_onnx(RankingModel(replace(SHAPE, shared=False)), tmp_path, PLACES)


def test_no_two_gathers_of_a_graph_have_one_name(tmp_path: Path) -> None:
    """ONNX Runtime 1.18 fuses them to nodes of their names, and opens no graph with two of one name."""
    export_onnx(changed_model(), tmp_path, PLACES)
    for path in tmp_path.glob("*.onnx"):
        nodes = onnx.load(str(path), load_external_data=False).graph.node
        names = [node.name for node in nodes if node.op_type == "Gather"]
        assert len(set(names)) == len(names) and "" not in names
