"""The encoder's layer in LiteRT, as users and as candidates go through it."""

from __future__ import annotations

import numpy as np

from cloud.model import Encoder
from edge.engine import MASKED
from export.litert.encoder import linear, norm
from export.litert.file import FLOAT32, Graph, Value
from export.litert.operators import (
    binary,
    cast,
    compare,
    gather,
    join,
    number,
    product,
    reshape,
    softmax,
    take,
    transpose,
)

LOGIT_BYTES = 1 << 21  # of the heads that attend at one time: less memory, and it stays in a processor's cache


def user_layer(graph: Graph, model: Encoder, hidden: Value, mask: Value) -> tuple[Value, Value, Value]:
    """(tokens, width) and a mask, (tokens, tokens) -> next hidden, keys and values (heads, tokens, head width)."""
    heads = model.config.heads
    turned = _queries_keys_values(graph, model, hidden)
    keys, values = (take(graph, turned, 0, part * heads, heads) for part in (1, 2))
    return _finish(graph, model, hidden, _attended(graph, turned, mask)), keys, values


def full_layer(graph: Graph, model: Encoder, hidden: Value, mask: Value) -> Value:
    """The same without keys and values to hand out."""
    return _finish(graph, model, hidden, _attended(graph, _queries_keys_values(graph, model, hidden), mask))


def _attended(graph: Graph, turned: Value, mask: Value) -> Value:
    """(3 * heads, tokens, head width) -> (tokens, heads, head width)"""
    heads, tokens = turned.shape[0] // 3, turned.shape[1]
    parts = []
    for first, count in _groups(heads, tokens * tokens):
        queries, keys, values = _some_heads(graph, turned, first, count)
        logits = binary(graph, "ADD", product(graph, queries, keys, transposed=True), mask)
        parts.append(transpose(graph, product(graph, softmax(graph, logits), values), 1, 0, 2))
    return join(graph, parts, 1)


def user_keys_values(graph: Graph, model: Encoder, hidden: Value) -> tuple[Value, Value]:
    """(tokens, width) -> the user layer's keys and values, (heads, tokens, head width), alone."""
    heads = model.config.heads
    keys, values = _keys_values(graph, _projected(graph, model, hidden), heads)
    return keys, values


def candidate_layer(
    graph: Graph, model: Encoder, count: int, hidden: Value, user_keys: Value, user_values: Value, mask: Value
) -> Value:
    """`count` candidates below one another, (count * seq, width), look at the user and, causally, at themselves.

    All of them meet the user's keys, (heads, user tokens, head width), in one product per head.
    """
    rows, user = hidden.shape[0], user_keys.shape[1]
    seq = rows // count
    causal = graph.constant(np.triu(np.full((seq, seq), MASKED, dtype=np.float32), 1))
    turned = _queries_keys_values(graph, model, hidden)
    parts = []
    for first, some in _groups(model.config.heads, rows * (user + seq)):
        queries, keys, values = _some_heads(graph, turned, first, some)
        theirs, seen = (take(graph, one, 0, first, some) for one in (user_keys, user_values))
        apart = [reshape(graph, one, some, count, seq, one.shape[2]) for one in (queries, keys, values)]
        user_logits = binary(graph, "ADD", product(graph, queries, theirs, transposed=True), mask)
        own_logits = binary(graph, "ADD", product(graph, apart[0], apart[1], transposed=True), causal)
        weights = softmax(graph, join(graph, [user_logits, reshape(graph, own_logits, some, rows, seq)], 2))
        own_weights = reshape(graph, take(graph, weights, 2, user, seq), some, count, seq, seq)
        from_own = reshape(graph, product(graph, own_weights, apart[2]), *queries.shape)
        from_user = product(graph, take(graph, weights, 2, 0, user), seen)
        parts.append(transpose(graph, binary(graph, "ADD", from_user, from_own), 1, 0, 2))
    return _finish(graph, model, hidden, join(graph, parts, 1))


def candidate_end(
    graph: Graph, model: Encoder, ends: Value, hidden: Value, user_keys: Value, user_values: Value, mask: Value
) -> Value:
    """What `candidate_layer` gives in each candidate's place, (candidates,) `ends` -> (candidates, width)."""
    (count,), (heads, user, width) = ends.shape, user_keys.shape
    rows = hidden.shape[0]
    seq = rows // count
    starts = graph.constant(np.arange(0, rows, seq, dtype=np.int32))
    places = binary(graph, "ADD", ends, starts)
    projected = _projected(graph, model, hidden)
    own = [reshape(graph, one, heads, count, seq, width) for one in _keys_values(graph, projected, heads)]
    at_ends = take(graph, gather(graph, projected, places), 1, 0, heads)
    query = transpose(graph, binary(graph, "MUL", at_ends, number(graph, width**-0.5)), 1, 0, 2)
    user_logits = binary(graph, "ADD", product(graph, query, user_keys, transposed=True), mask)
    own_logits = product(graph, reshape(graph, query, heads, count, 1, width), own[0], transposed=True)
    own_logits = binary(graph, "ADD", reshape(graph, own_logits, heads, count, seq), _after(graph, ends, seq))
    weights = softmax(graph, join(graph, [user_logits, own_logits], 2))
    own_weights = reshape(graph, take(graph, weights, 2, user, seq), heads, count, 1, seq)
    from_own = reshape(graph, product(graph, own_weights, own[1]), heads, count, width)
    from_user = product(graph, take(graph, weights, 2, 0, user), user_values)
    attended = transpose(graph, binary(graph, "ADD", from_user, from_own), 1, 0, 2)
    return _finish(graph, model, gather(graph, hidden, places), attended)


def _after(graph: Graph, ends: Value, seq: int) -> Value:
    """(candidates, seq), additive: nothing may look at what stands after a candidate's end."""
    column = reshape(graph, cast(graph, ends, FLOAT32), ends.shape[0], 1)
    later = compare(graph, "GREATER", graph.constant(np.arange(seq, dtype=np.float32)[None]), column)
    return binary(graph, "MUL", later, number(graph, float(MASKED)))


def _groups(heads: int, looks: int) -> list[tuple[int, int]]:
    """(first, count) of the heads that attend together, each at `looks` pairs of tokens."""
    most = max(1, LOGIT_BYTES // (4 * looks))
    count = max(size for size in range(1, heads + 1) if heads % size == 0 and size <= most)
    return [(first, count) for first in range(0, heads, count)]


def _queries_keys_values(graph: Graph, model: Encoder, hidden: Value) -> Value:
    """(tokens, width) -> (3 * heads, tokens, head width)"""
    return transpose(graph, _projected(graph, model, hidden), 1, 0, 2)


def _projected(graph: Graph, model: Encoder, hidden: Value) -> Value:
    """(tokens, width) -> queries, keys and values, (tokens, 3 * heads, head width)"""
    tokens, width = hidden.shape
    heads = model.config.heads
    normed = norm(graph, model, "layers.0.attention_norm", hidden)
    return reshape(graph, linear(graph, model, "layers.0.attention_in", normed), tokens, 3 * heads, width // heads)


def _keys_values(graph: Graph, projected: Value, heads: int) -> list[Value]:
    """Of the projected, each (heads, tokens, head width)."""
    return [transpose(graph, take(graph, projected, 1, part * heads, heads), 1, 0, 2) for part in (1, 2)]


def _some_heads(graph: Graph, turned: Value, first: int, count: int) -> tuple[Value, Value, Value]:
    """Queries, over the root of their width, keys and values of some heads, each (count, tokens, head width)."""
    heads = turned.shape[0] // 3
    queries, keys, values = (take(graph, turned, 0, part * heads + first, count) for part in range(3))
    return binary(graph, "MUL", queries, number(graph, turned.shape[2] ** -0.5)), keys, values


def _finish(graph: Graph, model: Encoder, hidden: Value, attended: Value) -> Value:
    """Residual, output projection and feed-forward; `attended` is (tokens, heads, head width)."""
    joined = reshape(graph, attended, *hidden.shape)
    middle = binary(graph, "ADD", hidden, linear(graph, model, "layers.0.attention_out", joined))
    normed = norm(graph, model, "layers.0.feed_forward_norm", middle)
    inner = linear(graph, model, "layers.0.feed_forward_in", normed)
    active = graph.add("GELU", [inner], inner.shape, approximate=False)
    return binary(graph, "ADD", middle, linear(graph, model, "layers.0.feed_forward_out", active))
