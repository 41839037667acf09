"""A LiteRT file that is not the ranking model of the manifest is refused when it is opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ai_edge_litert import schema_py_generated as schema
from litert_faults import altered
from random_rankers import PLACES, SHAPE, model_of

from compress.graph import model_shape
from edge.engines.litert import LiteRtEngine
from edge.engines.shape import ModelShape
from edge.errors import EdgeError
from export.buckets import Buckets
from export.litert.entry_points import export_litert

GRAPH = model_shape(SHAPE, PLACES)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    buckets = Buckets(tokens=(8, 16), segments=4, append=(1,), candidates=(2,))
    export_litert(model_of(SHAPE), PLACES, buckets, folder / "model.tflite")
    return folder


def without(name: str) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        model.signatureDefs = [one for one in model.signatureDefs if not one.signatureKey.decode().startswith(name)]

    return change


def renamed(name: str, other: str) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        (found,) = [one for one in model.signatureDefs if one.signatureKey.decode() == name]
        found.signatureKey = other.encode()

    return change


def with_long_ids(model: Any) -> None:
    graph = model.subgraphs[0]
    graph.tensors[graph.inputs[0]].type = schema.TensorType.INT64


@pytest.mark.parametrize(
    ("change", "problem", "evidence"),
    [
        (without("append"), "is not a model of this project", "no signature for: append"),
        (without("encode"), "is not a model of this project", "no signature for: encode"),
        (without("score_2"), "is not the model that the manifest describes", "no signature for: score_2"),
        (renamed("score_2_2", "score_1_2"), "is not the model", "score_1_2 is none of its signatures"),
        (renamed("append_1", "append_1_1"), "is not the model", "append_1_1 is none of its signatures"),
        (renamed("append_1", "append_3"), "is not the model", "apart of append_3 is int32 [1, 13], not int32 [3, 15]"),
        (with_long_ids, "is not the model", "the input ids of embed_16 is int64 [16], not int32 [16]"),
        (without("encode_16"), "is not the model", "its entry points hold chunks of"),
    ],
)
def test_a_file_without_a_signature_is_refused(
    change: Callable[[Any], None], problem: str, evidence: str, directory: Path, tmp_path: Path
) -> None:
    altered(directory / "model.tflite", tmp_path / "model.tflite", change)
    with pytest.raises(EdgeError, match=problem) as refused:
        LiteRtEngine(tmp_path, GRAPH)
    assert evidence in refused.value.evidence and refused.value.fix


@pytest.mark.parametrize(
    ("changes", "evidence"),
    [
        ({"hidden": 32}, "the output hidden of embed_16 is float32 [16, 16], not float32 [16, 32]"),
        ({"places": 13}, "the input keys of append_1 is float32 [2, 2, 12, 8], not float32 [2, 2, 13, 8]"),
        ({"heads": 4}, "not float32 [2, 4, 12, 4]"),
        ({"interact_layers": 3}, "is float32 [2, 2, 12, 8], not float32 [3, 2, 12, 8]"),
        ({"interact_layers": 0}, "the input apart of append_1 is int32 [1, 13], not absent"),
        ({"numbers": 4}, "the input missing of append_1 is float32 [1, 3], not float32 [1, 4]"),
        ({"factors": 0}, "the output new_factors of append_1 is float32 [1, 4], not absent"),
        ({"match_size": 9}, "the output new_match_keys of append_1 is float32 [1, 8], not float32 [1, 9]"),
    ],
)
def test_a_file_of_other_sizes_than_the_manifests_is_refused(
    changes: dict[str, int], evidence: str, directory: Path
) -> None:
    graph: ModelShape = replace(GRAPH, **changes)
    with pytest.raises(EdgeError, match=r"model\.tflite is not the model that the manifest describes") as refused:
        LiteRtEngine(directory, graph)
    assert evidence in refused.value.evidence and refused.value.fix == "export the bundle again"


def test_a_chunk_that_no_bucket_holds_is_refused(directory: Path) -> None:
    engine = LiteRtEngine(directory, GRAPH)
    with pytest.raises(EdgeError, match="a chunk of 17 tokens, the model's largest bucket holds 16"):
        engine.padded_tokens(17)


@pytest.mark.parametrize("content", [None, b"", b"TFL3" * 9])
def test_what_is_no_model_is_refused(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "model.tflite").write_bytes(content)
    with pytest.raises(EdgeError, match=r"model\.tflite is not a model that this engine reads"):
        LiteRtEngine(tmp_path, GRAPH)
