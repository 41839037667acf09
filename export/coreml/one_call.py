"""All of the ranking model in one Core ML function, "main": the arrays of export.plain."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cloud.ranking.model import RankingModel
from compress.graph import model_shape
from export.coreml.functions import CoreMlFunction, Inputs, write_package
from export.one_layer import require_one_layer
from export.plain import INTEGERS, TEXTS, PlainSizes
from export.quiet import quiet

NIBBLES = 4  # bits, which iOS knows from 18 on


def export_coreml_one_call(model: RankingModel, sizes: PlainSizes, package: Path) -> None:
    """Write a float or quantised model as `package` (.mlpackage), for iOS 16, with 4-bit weights for iOS 18. Replaces
    one that is there."""
    require_one_layer(model.shape)
    inputs: Inputs = {
        name: ("int32" if name in INTEGERS else "fp32", dims) for name, dims in sizes.inputs(model.shape).items()
    }
    target = "iOS18" if getattr(model.token, "bits", 8) == NIBBLES else "iOS16"

    def build(weights: Any, *values: Any) -> Any:
        return _logits(weights, model, sizes, dict(zip(inputs, values, strict=True)))

    with quiet():
        write_package(model, [CoreMlFunction("main", inputs, ("logits",), build)], package, target)


def _logits(weights: Any, model: RankingModel, sizes: PlainSizes, given: Mapping[str, Any]) -> Any:
    from coremltools.converters.mil.mil import Builder as Ops

    from export.coreml.score import score
    from export.coreml.texts import summaries

    found = summaries(
        weights, Ops.concat(values=[given[name] for name in TEXTS], axis=0), sizes.events + sizes.candidates
    )
    parts = Ops.split(x=found, split_sizes=list(sizes.texts.values()), axis=0)
    texts = dict(zip(TEXTS, parts, strict=True))
    timeline = _timeline(weights, model, sizes, given, texts)
    entries = _entries("candidate", given, texts["candidate_ids"], texts["context_ids"])
    depth = model.shape.interact_layers
    logits = score(weights, depth, timeline | entries)["logits"]
    if depth:
        _, logits = Ops.split(x=logits, split_sizes=[depth, 1], axis=0)
    return Ops.reshape(x=logits, shape=[sizes.candidates])


def _timeline(
    weights: Any, model: RankingModel, sizes: PlainSizes, given: Mapping[str, Any], texts: Mapping[str, Any]
) -> dict[str, Any]:
    """What `score` reads of profile and events. Rows that are no event stand behind all that are."""
    from coremltools.converters.mil.mil import Builder as Ops

    from export.coreml.append import append

    shape, places = model.shape, sizes.places
    count = Ops.cast(x=given["event_count"], dtype="fp32")
    numbers = weights.shared("place_numbers", np.arange(places, dtype=np.float32))
    # (place,) 1 up to the last event, whose distance from the candidate is 1
    behind = Ops.sub(x=Ops.add(x=count, y=np.float32(1)), y=numbers)
    known = Ops.minimum(x=Ops.maximum(x=behind, y=np.float32(0)), y=np.float32(1))
    not_profile = weights.shared("not_profile", np.minimum(np.arange(places), 1).astype(np.float32))
    events = Ops.mul(x=known, y=not_profile)
    nothing = weights.shared("no_phrase", np.zeros((1, shape.hidden_size), dtype=np.float32))
    items = Ops.concat(values=[texts["profile_ids"], texts["event_ids"]], axis=0)
    phrases = Ops.concat(values=[nothing, texts["phrase_ids"]], axis=0)
    entries = _entries("event", _behind_profile(weights, model, given), items, phrases)
    entries |= {"events": events, "apart": weights.shared("entries_apart", sizes.apart(shape.distances))}
    kept = append(weights, model_shape(shape, places), entries)
    timeline = {name.removeprefix("new_"): value for name, value in kept.items()} | {"events": events}
    if shape.factors:
        no_value = weights.shared("no_value", np.zeros(1, dtype=np.float32))
        timeline["liked"] = Ops.mul(x=Ops.concat(values=[no_value, given["liked"]], axis=0), y=events)
    return timeline | {"apart": _apart(weights, sizes, shape.distances, behind, known)}


def _apart(weights: Any, sizes: PlainSizes, distances: int, behind: Any, known: Any) -> Any:
    """(place,) buckets of the distance from a candidate, which stands behind the last event; the last bucket hides."""
    from coremltools.converters.mil.mil import Builder as Ops

    starts = weights.shared("bucket_starts", sizes.bucket_starts(distances)[None] - 1)
    beyond = Ops.sub(x=Ops.expand_dims(x=behind, axes=[1]), y=starts)  # (place, bucket) 1 or more if reached
    reached = Ops.minimum(x=Ops.maximum(x=beyond, y=np.float32(0)), y=np.float32(1))
    bucket = Ops.reduce_sum(x=reached, axes=[1], keep_dims=False)
    seen = Ops.mul(x=Ops.sub(x=bucket, y=np.float32(distances)), y=known)
    return Ops.cast(x=Ops.add(x=seen, y=np.float32(distances)), dtype="int32")


def _behind_profile(weights: Any, model: RankingModel, given: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of events behind a row of zeros."""
    from coremltools.converters.mil.mil import Builder as Ops

    names = [name for name in ("event_numbers", "event_missing") if name in given]
    zeros = np.zeros((1, model.shape.numbers), dtype=np.float32)
    return {name: Ops.concat(values=[weights.shared("no_numbers", zeros), given[name]], axis=0) for name in names}


def _entries(of: str, given: Mapping[str, Any], items: Any, phrases: Any) -> dict[str, Any]:
    """As `append` and `score` take them."""
    numbers = {name: given[f"{of}_{name}"] for name in ("numbers", "missing") if f"{of}_{name}" in given}
    return {"items": items, "phrases": phrases} | numbers
