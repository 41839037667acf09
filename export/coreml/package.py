"""The ranking model for Core ML: a function for each bucket, over one copy of the weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from cloud.ranking.model import RankingModel
from compress.graph import model_shape
from edge.engines.buckets import Sizes, fixed, name_of
from edge.engines.shape import ModelShape
from edge.engines.signatures import INTEGERS, Dims
from export.buckets import Buckets
from export.coreml.functions import CoreMlFunction, Inputs, write_package
from export.one_layer import require_one_layer
from export.quiet import quiet

TARGET = "iOS18"  # the first with several functions in a package


def export_coreml(model: RankingModel, places: int, buckets: Buckets, package: Path) -> None:
    """Write a float or a quantised model as `package` (.mlpackage), for timelines of so many places. Replaces one that
    is there. Tables and layers are float16 or integers, and activations float16, never 8 bits."""
    require_one_layer(model.shape)
    shape = model_shape(model.shape, places)
    with quiet():
        functions = [_function(shape, entry, sizes) for entry, sizes in buckets.signatures(shape)]
        write_package(model, functions, package, TARGET)


def _function(shape: ModelShape, entry: str, sizes: Sizes) -> CoreMlFunction:
    signature = fixed(entry, sizes, shape)
    assert signature is not None
    results = _results(shape, entry, sizes)

    def build(weights: Any, *values: Any) -> tuple[Any, ...]:
        found = results(weights, dict(zip(signature.inputs, values, strict=True)))
        assert all(tuple(found[name].shape) == dims for name, dims in signature.outputs.items())
        return tuple(found[name] for name in signature.outputs)

    return CoreMlFunction(name_of(entry, sizes), _inputs(signature.inputs), tuple(signature.outputs), build)


def _inputs(arrays: dict[str, Dims]) -> Inputs:
    return {name: ("int32" if name in INTEGERS else "fp32", tuple(map(int, dims))) for name, dims in arrays.items()}


def _results(shape: ModelShape, entry: str, sizes: Sizes) -> Callable[[Any, dict[str, Any]], dict[str, Any]]:
    """From weights and inputs to outputs, by name."""
    from export.coreml import chunk
    from export.coreml.append import append
    from export.coreml.score import score

    if entry == "append":
        return lambda weights, given: append(weights, shape, given)
    if entry == "score":
        return lambda weights, given: score(weights, sizes[0], given)
    of_chunks = {"embed": chunk.embed, "encode": chunk.encode, "summarise": chunk.summarise}
    return of_chunks[entry]
