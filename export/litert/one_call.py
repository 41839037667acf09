"""All of the ranking model in one LiteRT signature, "rank": the arrays of export.plain."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cloud.ranking.model import RankingModel
from compress.graph import model_shape
from export.litert.append import append
from export.litert.file import FLOAT32, INT32, Graph, LiteRtFile, Value
from export.litert.operators import binary, cast, compare, join, number, reduce, reshape, take
from export.litert.score import score
from export.litert.texts import summaries
from export.one_layer import require_one_layer
from export.plain import INTEGERS, TEXTS, PlainSizes

Values = dict[str, Value]


def export_litert_one_call(model: RankingModel, sizes: PlainSizes, path: Path) -> None:
    """Write a float or quantised model to `path`. Equal models give equal bytes."""
    require_one_layer(model.shape)
    file = LiteRtFile()
    graph = file.graph("rank")
    given = {
        name: graph.input(name, *dims, type=INT32 if name in INTEGERS else FLOAT32)
        for name, dims in sizes.inputs(model.shape).items()
    }
    texts = _summaries(graph, model, sizes, given)
    timeline = _timeline(graph, model, sizes, given, texts)
    entries = _entries("candidate", given, texts["candidate_ids"], texts["context_ids"])
    depth = model.shape.interact_layers
    logits = take(graph, score(graph, model, depth, timeline | entries), 0, depth, 1)
    graph.output("logits", reshape(graph, logits, sizes.candidates))
    path.write_bytes(file.to_bytes())


def _summaries(graph: Graph, model: RankingModel, sizes: PlainSizes, given: Values) -> Values:
    """(text, hidden) of each kind of text."""
    shape = sum(sizes.texts.values()), model.shape.positions
    ids = graph.add("CONCATENATION", [given[name] for name in TEXTS], shape, INT32, axis=0)
    found = summaries(graph, model, ids, sizes.events + sizes.candidates)
    texts, start = Values(), 0
    for name, count in sizes.texts.items():
        texts[name] = take(graph, found, 0, start, count)
        start += count
    return texts


def _timeline(graph: Graph, model: RankingModel, sizes: PlainSizes, given: Values, texts: Values) -> Values:
    """What `score` reads of profile and events. Rows that are no event stand behind all that are."""
    width, places = model.shape.hidden_size, sizes.places
    count = cast(graph, given["event_count"], FLOAT32)
    numbers = graph.constant(np.arange(places, dtype=np.float32))
    known = compare(graph, "LESS_EQUAL", numbers, count)  # (place,) 1 for the profile and events
    not_profile = np.ones(places, dtype=np.float32)
    not_profile[0] = 0
    events = binary(graph, "MUL", known, graph.constant(not_profile))
    nothing = graph.constant(np.zeros((1, width), dtype=np.float32))
    entries = _entries(
        "event", _behind_profile(graph, given), join(graph, [texts["profile_ids"], texts["event_ids"]], 0),
        join(graph, [nothing, texts["phrase_ids"]], 0),
    )  # fmt: skip
    apart = graph.constant(sizes.apart(model.shape.distances))
    found = append(graph, model, model_shape(model.shape, places), entries | {"events": events, "apart": apart})
    timeline = {name.removeprefix("new_"): value for name, value in found.items()} | {"events": events}
    if model.shape.factors:
        liked = join(graph, [graph.constant(np.zeros(1, dtype=np.float32)), given["liked"]], 0)
        timeline["liked"] = binary(graph, "MUL", liked, events)
    return timeline | {"apart": _apart(graph, model, sizes, count, numbers, known)}


def _apart(graph: Graph, model: RankingModel, sizes: PlainSizes, count: Value, numbers: Value, known: Value) -> Value:
    """(place,) buckets of the distance from a candidate, which stands behind the last event; the last bucket hides."""
    distances = model.shape.distances
    behind = binary(graph, "SUB", binary(graph, "ADD", count, number(graph, 1.0)), numbers)
    starts = graph.constant(sizes.bucket_starts(distances) - 1)
    beyond = binary(
        graph, "SUB", reshape(graph, behind, sizes.places, 1), starts
    )  # (place, bucket) 1 or more if reached
    reached = binary(graph, "MINIMUM", binary(graph, "MAXIMUM", beyond, number(graph, 0.0)), number(graph, 1.0))
    bucket = reshape(graph, reduce(graph, "SUM", reached), sizes.places)
    seen = binary(graph, "MUL", binary(graph, "SUB", bucket, number(graph, distances)), known)
    return cast(graph, binary(graph, "ADD", seen, number(graph, distances)), INT32)


def _behind_profile(graph: Graph, given: Values) -> Values:
    """The numbers of events behind a row of zeros."""
    names = [name for name in ("event_numbers", "event_missing") if name in given]
    zeros = {name: graph.constant(np.zeros((1, given[name].shape[1]), dtype=np.float32)) for name in names}
    return {name: join(graph, [zeros[name], given[name]], 0) for name in names}


def _entries(of: str, given: Values, items: Value, phrases: Value) -> Values:
    """As `append` and `score` take them."""
    numbers = {name: given[f"{of}_{name}"] for name in ("numbers", "missing") if f"{of}_{name}" in given}
    return {"items": items, "phrases": phrases} | numbers
