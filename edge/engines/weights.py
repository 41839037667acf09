"""The reference engine over a bundle's packed weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from edge.bundle.listing import WEIGHTS
from edge.bundle.weights.packed import unpack
from edge.engines.reference import LAYER, ReferenceEngine
from edge.engines.shape import ModelShape
from edge.errors import EdgeError

Sizes = tuple[int | None, ...]  # None: whatever it is
NORMS = ("summary_norm", "head_norm", f"{LAYER}.attention_norm", f"{LAYER}.feed_forward_norm")


def reference_engine(directory: Path, shape: ModelShape) -> ReferenceEngine:
    """Of the bundle installed in `directory`. numpy chooses its threads itself. Errors: the weights are another's."""
    weights = read_weights(directory)
    wrong = [fault for name, sizes in _sizes(shape) if (fault := _fault(weights, name, sizes))]
    if wrong:
        raise EdgeError(
            f"{directory / WEIGHTS} is not the model that the manifest describes",
            evidence="; ".join(wrong[:3]),
            fix="export the bundle again",
        )
    return ReferenceEngine(weights, shape)


def _sizes(shape: ModelShape) -> Iterator[tuple[str, Sizes]]:
    """The parameters whose sizes follow from the manifest, and some that every model has."""
    hidden, inputs = shape.hidden, 2 * (shape.numbers + bool(shape.factors))
    yield from (
        ("token.weight", (None, None)),
        ("position.weight", (shape.positions, None)),
        ("kind.weight", (3, hidden)),
    )
    yield "distance", (max(shape.interact_layers, 1), shape.heads, shape.distances)
    for name, size in (("embedding_norm", None), *((norm, hidden) for norm in NORMS)):
        yield from ((f"{name}.weight", (size,)), (f"{name}.bias", (size,)))
    for name, rows, columns in (
        ("numbers.0", None, inputs), ("numbers.2", hidden, None), ("wide", 1, inputs), ("deep.0", None, inputs),
        ("deep.3", 1, None), ("match.gate", shape.match_heads, hidden), ("match.value", shape.match_heads, hidden),
        ("matched", 1, 3 * shape.match_heads + 1), ("head", 1, hidden), (f"{LAYER}.attention_in", 3 * hidden, hidden),
        (f"{LAYER}.attention_out", hidden, hidden), (f"{LAYER}.feed_forward_in", None, hidden),
        (f"{LAYER}.feed_forward_out", hidden, None),
    ):  # fmt: skip
        yield from ((f"{name}.weight", (rows, columns)), (f"{name}.bias", (rows,)))
    for name in ("match.of_candidate", "match.of_event"):
        yield f"{name}.weight", (shape.match_size, hidden)
    yield "match.sharpness", (shape.match_heads,)
    if shape.factors:
        yield from (("likeness.factors.weight", (shape.factors, hidden)), ("likeness.factors.bias", (shape.factors,)))
        yield from ((f"likeness.{name}", (1,)) for name in ("unit", "overall", "mean", "spread"))


def _fault(weights: Mapping[str, np.ndarray], name: str, sizes: Sizes) -> str:
    if name not in weights:
        return f"it has no {name}"
    found = weights[name].shape
    fits = len(found) == len(sizes) and all(want in (None, has) for want, has in zip(sizes, found, strict=True))
    return "" if fits else f"its {name} has shape {list(found)}, not {['any' if one is None else one for one in sizes]}"


def read_weights(directory: Path) -> dict[str, np.ndarray]:
    """The parameters of an installed bundle, by name."""
    path = directory / WEIGHTS
    try:
        return unpack(path.read_bytes())
    except OSError as error:
        raise EdgeError(f"{path} cannot be read: {error.strerror}") from error
