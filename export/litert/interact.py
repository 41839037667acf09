"""The shared layer in LiteRT, as new entries and candidates go through it."""

from __future__ import annotations

import numpy as np
from torch import nn

from cloud.ranking.model import RankingModel
from edge.engines.shape import MASKED
from export.litert.attention import Parts, finish, heads_of, projected
from export.litert.file import Graph, Value
from export.litert.modules import array_of
from export.litert.operators import binary, gather, join, number, product, reduce, reshape, softmax, take, transpose


def biases_of(graph: Graph, model: RankingModel, layers: int, apart: Value) -> Value:
    """Of the first layers: (query, place) -> (layer, head, query, place), and of (place,) likewise, in one look-up
    of a table whose last column hides."""
    return gather(graph, graph.constant(distances_of(model, layers)), apart, axis=2)


def distances_of(model: RankingModel, layers: int) -> np.ndarray:
    """(layer, head, distance + 1)"""
    distance = array_of(model.distance)[:layers]
    return np.concatenate([distance, np.full((*distance.shape[:2], 1), MASKED)], -1).astype(np.float32)


def queries_keys_values(graph: Graph, layer: nn.Module, hidden: Value) -> Parts:
    """(row, hidden) -> three of (1, head, row, head width); queries over the root of their width."""
    columns = projected(graph, layer, hidden)
    rows, heads = hidden.shape[0], heads_of(layer)
    width = hidden.shape[1] // heads
    split = transpose(graph, reshape(graph, columns, rows, 3, heads, width), 1, 2, 0, 3)
    queries, keys, values = (take(graph, split, 0, which, 1) for which in range(3))
    return binary(graph, "MUL", queries, number(graph, width**-0.5)), keys, values


def entries_step(
    graph: Graph, layer: nn.Module, hidden: Value, queries: Value, keys: Value, values: Value, biases: Value
) -> Value:
    """(entry, hidden) -> the same: each attends to `keys` (1, head, place, head width), with biases (1, head, entry,
    place)."""
    logits = binary(graph, "ADD", product(graph, queries, keys, transposed=True), biases)
    return _finish(graph, layer, hidden, product(graph, softmax(graph, logits), values))


def candidates_step(
    graph: Graph, layer: nn.Module, hidden: Value, past_keys: Value, past_values: Value, biases: Value
) -> Value:
    """(candidate, hidden) -> the same: each attends to the timeline, (1, head, place, head width), and to itself;
    biases are (1, head, 1, place + 1)."""
    places = past_keys.shape[2]
    queries, keys, values = queries_keys_values(graph, layer, hidden)
    to_past = product(graph, queries, past_keys, transposed=True)  # (1, head, candidate, place)
    to_itself = reduce(graph, "SUM", binary(graph, "MUL", queries, keys))  # (1, head, candidate, 1)
    shares = softmax(graph, binary(graph, "ADD", join(graph, [to_past, to_itself], 3), biases))
    from_past = product(graph, take(graph, shares, 3, 0, places), past_values)
    from_itself = binary(graph, "MUL", take(graph, shares, 3, places, 1), values)
    return _finish(graph, layer, hidden, binary(graph, "ADD", from_past, from_itself))


def _finish(graph: Graph, layer: nn.Module, hidden: Value, attended: Value) -> Value:
    return finish(graph, layer, hidden, transpose(graph, attended, 0, 2, 1, 3))
