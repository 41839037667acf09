"""The ranking model for LiteRT: all entry points and buckets in one file, each weight in it once."""

from __future__ import annotations

from pathlib import Path

from cloud.ranking.model import RankingModel
from compress.graph import model_shape
from edge.engines.buckets import fixed, name_of
from edge.engines.shape import ModelShape
from edge.engines.signatures import INTEGERS
from export.buckets import Buckets
from export.litert.append import append
from export.litert.attention import step
from export.litert.file import FLOAT32, INT32, Graph, LiteRtFile, Value
from export.litert.modules import embed, norm
from export.litert.operators import product
from export.litert.score import score
from export.one_layer import require_one_layer

Values = dict[str, Value]


def export_litert(model: RankingModel, places: int, buckets: Buckets, path: Path) -> None:
    """Write a float or a quantised model to `path`, for timelines of so many places. Equal models give equal bytes."""
    require_one_layer(model.shape)
    shape, file = model_shape(model.shape, places), LiteRtFile()
    for entry, sizes in buckets.signatures(shape):
        graph, signature = file.graph(name_of(entry, sizes)), fixed(entry, sizes, shape)
        assert signature is not None
        given = {
            name: graph.input(name, *map(int, dims), type=INT32 if name in INTEGERS else FLOAT32)
            for name, dims in signature.inputs.items()
        }
        results = _results(graph, model, shape, entry, sizes, given)
        for name, dims in signature.outputs.items():
            assert results[name].shape == dims
            graph.output(name, results[name])
    path.write_bytes(file.to_bytes())


def _results(
    graph: Graph, model: RankingModel, shape: ModelShape, entry: str, sizes: tuple[int, ...], given: Values
) -> Values:
    if entry == "embed":
        return {"hidden": embed(graph, model, given["ids"], given["positions"])}
    if entry == "encode":
        return {"stepped": step(graph, model.layers[0], given["hidden"], given["mask"])}
    if entry == "summarise":
        means = product(graph, given["weights"], given["hidden"])
        return {"summaries": norm(graph, model.summary_norm, means)}
    if entry == "append":
        return append(graph, model, shape, given)
    return {"logits": score(graph, model, sizes[0], given)}
