"""All texts of a request to summaries in LiteRT, each text by itself: rows of ids in, nothing is packed into chunks."""

from __future__ import annotations

import numpy as np

from cloud.ranking.model import RankingModel
from edge.engines.shape import MASKED
from export.litert.attention import finish, heads_of, projected
from export.litert.file import FLOAT32, Graph, Value
from export.litert.modules import embed, norm
from export.litert.operators import binary, cast, compare, number, product, reduce, reshape, softmax, take, transpose


def summaries(graph: Graph, model: RankingModel, ids: Value, once: int) -> Value:
    """(text, token) ids -> (text, hidden). The last `once` texts are phrases, which pass the layer once at most."""
    texts, tokens = ids.shape
    first = np.zeros((1, tokens), dtype=np.int32)
    first[0, 0] = 1  # the token of a text without words
    known = binary(graph, "MAXIMUM", ids, graph.constant(first))
    real = compare(graph, "GREATER", cast(graph, known, FLOAT32), number(graph, 0.0))  # (text, token)
    places = graph.constant(np.tile(np.arange(tokens, dtype=np.int32), texts))
    hidden = embed(graph, model, reshape(graph, known, texts * tokens), places)
    encoded = _encoded(graph, model, hidden, real, once)
    counts = reduce(graph, "SUM", real)  # (text, 1)
    by_text = reshape(graph, encoded, texts, tokens, encoded.shape[1])
    sums = product(graph, reshape(graph, real, texts, 1, tokens), by_text)
    means = binary(graph, "DIV", reshape(graph, sums, texts, encoded.shape[1]), counts)
    return norm(graph, model.summary_norm, means)


def _encoded(graph: Graph, model: RankingModel, hidden: Value, real: Value, once: int) -> Value:
    """(text x token, hidden)"""
    depth, (texts, tokens) = model.shape.encode_layers, real.shape
    if not depth:
        return hidden
    mask = binary(graph, "MUL", binary(graph, "SUB", real, number(graph, 1.0)), number(graph, -float(MASKED)))
    hidden = _step(graph, model, hidden, mask)
    if depth == 1:
        return hidden
    again = texts - once
    items, phrases = (
        take(graph, hidden, 0, start * tokens, count * tokens) for start, count in ((0, again), (again, once))
    )
    for _ in range(depth - 1):
        items = _step(graph, model, items, take(graph, mask, 0, 0, again))
    return graph.add("CONCATENATION", [items, phrases], hidden.shape, axis=0)


def _step(graph: Graph, model: RankingModel, hidden: Value, mask: Value) -> Value:
    """(text x token, hidden) -> the same; `mask` (text, token) is additive."""
    layer, (texts, tokens) = model.layers[0], mask.shape
    heads = heads_of(layer)
    width = hidden.shape[1] // heads
    columns = reshape(graph, projected(graph, layer, hidden), texts, tokens, 3 * heads, width)
    split = transpose(graph, columns, 0, 2, 1, 3)  # (text, 3 x head, token, head width)
    queries, keys, values = (take(graph, split, 1, which * heads, heads) for which in range(3))
    queries = binary(graph, "MUL", queries, number(graph, width**-0.5))
    looks = product(graph, queries, keys, transposed=True)  # (text, head, token, token)
    looks = binary(graph, "ADD", looks, reshape(graph, mask, texts, 1, 1, tokens))
    attended = product(graph, softmax(graph, looks), values)
    return finish(graph, layer, hidden, transpose(graph, attended, 0, 2, 1, 3))
