"""The edge graph for LiteRT: all entry points and shape buckets in one file, each weight in it once.

The flatbuffer is written out here rather than left to a converter: the integers and scales are the model's own, and
a bucket more costs its operators alone.
"""

from __future__ import annotations

from pathlib import Path

from cloud.model import Encoder
from export.buckets import Buckets
from export.litert.encoder import place, score
from export.litert.file import INT32, Graph, LiteRtFile, Value
from export.litert.layer import candidate_end, candidate_layer, user_keys_values, user_layer
from export.litert.modules import embed
from export.weights import require_shared


def export_litert(model: Encoder, buckets: Buckets, path: Path) -> None:
    """Write a float or a quantised encoder to `path`. Equal models give equal bytes."""
    require_shared(model.config)
    file = LiteRtFile()
    shortest, longest = min(buckets.user_tokens), max(buckets.user_tokens)
    _add_lookups(file, model, shortest)  # one bucket is enough: longer inputs come in pieces
    _add_keys_values(file, model, shortest)  # likewise
    for tokens in buckets.sequences:
        _add_user_layer(file, model, tokens)
    for tokens in sorted(set(buckets.user_tokens)):
        _add_candidate_layer(file, model, tokens, buckets)
    _add_candidate_end(file, model, longest, buckets)  # what a look at padding costs is nothing here
    graph = file.graph(f"head_{buckets.candidates}")
    hidden = graph.input("hidden", buckets.candidates, model.config.hidden_size)
    graph.output("score", score(graph, model, hidden))
    path.write_bytes(file.to_bytes())


def _add_lookups(file: LiteRtFile, model: Encoder, tokens: int) -> None:
    graph = file.graph(f"embed_{tokens}")
    ids, positions = (graph.input(name, tokens, type=INT32) for name in ("ids", "positions"))
    graph.output("hidden", embed(graph, model, ids, positions))
    graph = file.graph(f"place_{tokens}")
    hidden = graph.input("hidden", tokens, model.config.hidden_size)
    graph.output("hidden", place(graph, model, hidden, graph.input("slots", tokens, type=INT32)))


def _add_user_layer(file: LiteRtFile, model: Encoder, tokens: int) -> None:
    graph = file.graph(f"layer_{tokens}")
    hidden = graph.input("hidden", tokens, model.config.hidden_size)
    results = user_layer(graph, model, hidden, graph.input("mask", tokens, tokens))
    for name, value in zip(("hidden", "keys", "values"), results, strict=True):
        graph.output(name, value)


def _add_keys_values(file: LiteRtFile, model: Encoder, tokens: int) -> None:
    graph = file.graph(f"layer_keys_{tokens}")
    results = user_keys_values(graph, model, graph.input("hidden", tokens, model.config.hidden_size))
    for name, value in zip(("keys", "values"), results, strict=True):
        graph.output(name, value)


def _add_candidate_layer(file: LiteRtFile, model: Encoder, tokens: int, buckets: Buckets) -> None:
    count, seq = buckets.candidates, buckets.candidate_tokens
    graph = file.graph(f"layer_candidate_{tokens}_{count}_{seq}")
    inputs = _candidates_and_user(graph, model, tokens, count * seq)
    graph.output("hidden", candidate_layer(graph, model, count, *inputs))


def _add_candidate_end(file: LiteRtFile, model: Encoder, tokens: int, buckets: Buckets) -> None:
    count, seq = buckets.candidates, buckets.candidate_tokens
    graph = file.graph(f"layer_end_{tokens}_{count}_{seq}")
    ends = graph.input("ends", count)
    inputs = _candidates_and_user(graph, model, tokens, count * seq)
    graph.output("hidden", candidate_end(graph, model, ends, *inputs))


def _candidates_and_user(graph: Graph, model: Encoder, tokens: int, rows: int) -> tuple[Value, Value, Value, Value]:
    """The inputs that both have: candidates below one another, the user's keys and values, and their mask."""
    width, heads = model.config.hidden_size, model.config.heads
    hidden = graph.input("hidden", rows, width)
    keys, values = (graph.input(name, heads, tokens, width // heads) for name in ("keys", "values"))
    return hidden, keys, values, graph.input("mask", tokens)
