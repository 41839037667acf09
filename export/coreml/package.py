"""The edge graph for Core ML: packages whose functions read one copy of the model's own integers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from cloud.model import Encoder
from edge.errors import EdgeError
from export.buckets import Buckets
from export.coreml.functions import CoreMlFunction, Inputs, write_package
from export.quiet import quiet
from export.weights import is_int8, require_shared


def export_coreml(model: Encoder, buckets: Buckets, package: Path) -> None:
    """Write `package` (.mlpackage, iOS 18): every entry point and bucket, and `run`. Replaces one that is there."""
    _require_integers(model)
    with quiet():
        write_package(model, [*_entry_points(model, buckets), _run("run", buckets)], package, "iOS18")


def export_coreml_run(model: Encoder, buckets: Buckets, package: Path) -> None:
    """Write `package` (.mlpackage, iOS 16): the one-call form alone. Replaces one that is there."""
    _require_integers(model)
    with quiet():
        write_package(model, [_run("main", buckets)], package, "iOS16")


def _require_integers(model: Encoder) -> None:
    require_shared(model.config)
    if not is_int8(model):
        raise EdgeError("a float model has no Core ML form", fix="quantise it: the package holds integers")


def _entry_points(model: Encoder, buckets: Buckets) -> Iterator[CoreMlFunction]:
    """The functions that the host loops over: shapes as in the LiteRT file, named after entry point and bucket."""
    from export.coreml import graph

    hidden, count = model.config.hidden_size, buckets.candidates
    piece = min(buckets.user_tokens)
    look_up, states = ("int32", (1, piece)), ("fp32", (1, piece, hidden))
    yield _function(f"embed_{piece}", {"ids": look_up, "positions": look_up}, ("hidden",), graph.embed)
    yield _function(f"place_{piece}", {"hidden": states, "slots": look_up}, ("hidden_out",), graph.place)
    for tokens in buckets.sequences:
        users = {"hidden": ("fp32", (1, tokens, hidden)), "mask": ("fp32", (1, 1, tokens, tokens))}
        yield _function(f"layer_{tokens}", users, ("hidden_out", "keys", "values"), graph.user_layer)
    yield _function(f"layer_keys_{piece}", {"hidden": states}, ("keys", "values"), graph.user_keys)
    for tokens in sorted(set(buckets.user_tokens)):
        yield _candidates(model, buckets, tokens, "layer_candidate", {}, graph.candidate_layer)
    ends: Inputs = {"ends": ("int32", (count,))}
    yield _candidates(model, buckets, max(buckets.user_tokens), "layer_end", ends, graph.candidate_end)
    yield _function(f"head_{count}", {"hidden": ("fp32", (count, hidden))}, ("score",), graph.score)


def _candidates(
    model: Encoder, buckets: Buckets, tokens: int, entry: str, ends: Inputs, build: Callable[..., Any]
) -> CoreMlFunction:
    """A step of the candidates against a user of so many tokens, of all their rows or of their ends."""
    hidden, heads = model.config.hidden_size, model.config.heads
    count, seq = buckets.candidates, buckets.candidate_tokens
    candidates: Inputs = {"hidden": ("fp32", (count, seq, hidden))}
    keys = ("fp32", (1, heads, tokens, hidden // heads))
    user: Inputs = {"keys": keys, "values": keys, "mask": ("fp32", (1, 1, 1, tokens))}
    return _function(f"{entry}_{tokens}_{count}_{seq}", candidates | ends | user, ("hidden_out",), build)


def _run(name: str, buckets: Buckets) -> CoreMlFunction:
    """The one-call form, as long as the longest request."""
    from export.coreml import graph

    row = ("int32", (1, buckets.most_tokens))
    return _function(name, {"ids": row, "mask": row, "k": ("int32", (1,))}, ("score",), graph.run)


def _function(name: str, inputs: Inputs, outputs: tuple[str, ...], build: Callable[..., Any]) -> CoreMlFunction:
    """One whose `build` takes float inputs as float16."""

    def built(weights: Any, *values: Any) -> Any:
        given = zip(inputs.items(), values, strict=True)
        return build(
            weights, *(_entered(name, value) if kind == "fp32" else value for (name, (kind, _)), value in given)
        )

    return CoreMlFunction(name, inputs, outputs, built)


def _entered(name: str, value: Any) -> Any:
    """A float32 input in float16, where the mask of the engines would be minus infinity."""
    from coremltools.converters.mil.mil import Builder as Ops

    from export.coreml.graph import MASKED

    finite = Ops.maximum(x=value, y=np.float32(MASKED)) if name == "mask" else value
    return Ops.cast(x=finite, dtype="fp16")
