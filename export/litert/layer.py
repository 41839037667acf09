"""The encoder's layer in LiteRT, as users and as candidates go through it."""

from __future__ import annotations

import numpy as np

from cloud.model import Encoder
from edge.engines.protocol import MASKED
from export.litert.encoder import linear, norm
from export.litert.file import Graph, Value
from export.litert.operators import binary, join, number, product, reshape, softmax, take, transpose

Parts = tuple[Value, Value, Value]  # queries, keys and values, each (heads, tokens, head width)
LOGIT_BYTES = 1 << 21  # of the heads that attend at one time: less memory, and it stays in a processor's cache
INNER_BYTES = 1 << 21  # of the tokens that pass the feed-forward part at one time, for the same reasons


def user_layer(graph: Graph, model: Encoder, hidden: Value, mask: Value) -> tuple[Value, Value, Value]:
    """(tokens, width) and a mask, (tokens, tokens) -> next hidden, keys and values (heads, tokens, head width)."""
    parts = _queries_keys_values(graph, model, hidden)
    return _finish(graph, model, hidden, _attended(graph, parts, mask)), *parts[1:]


def full_layer(graph: Graph, model: Encoder, hidden: Value, mask: Value) -> Value:
    """The same without keys and values to hand out."""
    return _finish(graph, model, hidden, _attended(graph, _queries_keys_values(graph, model, hidden), mask))


def _attended(graph: Graph, parts: Parts, mask: Value) -> Value:
    """-> (tokens, heads, head width)"""
    heads, tokens, _ = parts[0].shape
    attended = []
    for first, count in _groups(heads, tokens * tokens):
        queries, keys, values = _some_heads(graph, parts, first, count)
        logits = binary(graph, "ADD", product(graph, queries, keys, transposed=True), mask)
        attended.append(transpose(graph, product(graph, softmax(graph, logits), values), 1, 0, 2))
    return join(graph, attended, 1)


def user_keys_values(graph: Graph, model: Encoder, hidden: Value) -> tuple[Value, Value]:
    """(tokens, width) -> the user layer's keys and values, (heads, tokens, head width), alone."""
    projected = _projected(graph, model, hidden)
    return _part(graph, model, projected, 1), _part(graph, model, projected, 2)


def candidate_layer(
    graph: Graph, model: Encoder, count: int, hidden: Value, user_keys: Value, user_values: Value, mask: Value
) -> Value:
    """`count` candidates below one another, (count * seq, width), look at the user and, causally, at themselves.

    All of them meet the user's keys, (heads, user tokens, head width), in one product per head.
    """
    rows, user = hidden.shape[0], user_keys.shape[1]
    seq = rows // count
    causal = graph.constant(np.triu(np.full((seq, seq), MASKED, dtype=np.float32), 1))
    parts = _queries_keys_values(graph, model, hidden)
    attended = []
    for first, some in _groups(model.config.heads, 2 * rows * (user + seq)):  # their looks come in two parts
        queries, keys, values = _some_heads(graph, parts, first, some)
        theirs, seen = (take(graph, one, 0, first, some) for one in (user_keys, user_values))
        apart = [reshape(graph, one, some, count, seq, one.shape[2]) for one in (queries, keys, values)]
        user_logits = binary(graph, "ADD", product(graph, queries, theirs, transposed=True), mask)
        own_logits = binary(graph, "ADD", product(graph, apart[0], apart[1], transposed=True), causal)
        weights = softmax(graph, join(graph, [user_logits, reshape(graph, own_logits, some, rows, seq)], 2))
        own_weights = reshape(graph, take(graph, weights, 2, user, seq), some, count, seq, seq)
        from_own = reshape(graph, product(graph, own_weights, apart[2]), *queries.shape)
        from_user = product(graph, take(graph, weights, 2, 0, user), seen)
        attended.append(transpose(graph, binary(graph, "ADD", from_user, from_own), 1, 0, 2))
    return _finish(graph, model, hidden, join(graph, attended, 1))


def candidate_end(
    graph: Graph, model: Encoder, ends: Value, hidden: Value, user_keys: Value, user_values: Value, mask: Value
) -> Value:
    """What `candidate_layer` gives in each candidate's place, float32 (candidates,) `ends` -> (candidates, width).

    Rows are picked by products with ones and zeros: XNNPACK leaves look-ups to LiteRT, which would keep all that goes
    in and out of them in memory of its own, for each bucket.
    """
    (count,), (heads, user, width) = ends.shape, user_keys.shape
    rows, columns = hidden.shape
    seq = rows // count
    at_end, after = _places(graph, ends, seq)
    projected = _projected(graph, model, hidden)
    own = [reshape(graph, _part(graph, model, projected, part), heads, count, seq, width) for part in (1, 2)]
    queries = reshape(graph, take(graph, projected, 1, 0, columns), count, seq, columns)
    query = reshape(graph, product(graph, at_end, queries), count, heads, width)
    query = transpose(graph, binary(graph, "MUL", query, number(graph, width**-0.5)), 1, 0, 2)
    user_logits = binary(graph, "ADD", product(graph, query, user_keys, transposed=True), mask)
    own_logits = product(graph, reshape(graph, query, heads, count, 1, width), own[0], transposed=True)
    own_logits = binary(graph, "ADD", reshape(graph, own_logits, heads, count, seq), after)
    weights = softmax(graph, join(graph, [user_logits, own_logits], 2))
    own_weights = reshape(graph, take(graph, weights, 2, user, seq), heads, count, 1, seq)
    from_own = reshape(graph, product(graph, own_weights, own[1]), heads, count, width)
    from_user = product(graph, take(graph, weights, 2, 0, user), user_values)
    attended = transpose(graph, binary(graph, "ADD", from_user, from_own), 1, 0, 2)
    looking = product(graph, at_end, reshape(graph, hidden, count, seq, columns))
    return _finish(graph, model, reshape(graph, looking, count, columns), attended)


def _places(graph: Graph, ends: Value, seq: int) -> tuple[Value, Value]:
    """(candidates, 1, seq): one at each candidate's end, else zero; and an additive mask, (candidates, seq), behind."""
    places = graph.constant(np.arange(seq, dtype=np.float32)[None])
    beyond = binary(graph, "SUB", places, reshape(graph, ends, ends.shape[0], 1))  # whole numbers, 0 at the end
    distance = binary(graph, "MAXIMUM", beyond, binary(graph, "MUL", beyond, number(graph, -1.0)))
    zero, one = number(graph, 0.0), number(graph, 1.0)
    at_end = binary(graph, "MAXIMUM", binary(graph, "SUB", one, distance), zero)
    behind = binary(graph, "MINIMUM", binary(graph, "MAXIMUM", beyond, zero), one)
    return reshape(graph, at_end, *at_end.shape[:1], 1, seq), binary(graph, "MUL", behind, number(graph, float(MASKED)))


def _groups(heads: int, looks: int) -> list[tuple[int, int]]:
    """(first, count) of the heads that attend together, each at `looks` pairs of tokens."""
    most = max(1, LOGIT_BYTES // (4 * looks))
    count = max(size for size in range(1, heads + 1) if heads % size == 0 and size <= most)
    return [(first, count) for first in range(0, heads, count)]


def _queries_keys_values(graph: Graph, model: Encoder, hidden: Value) -> Parts:
    """Of (tokens, width) hidden states."""
    projected = _projected(graph, model, hidden)
    return _part(graph, model, projected, 0), _part(graph, model, projected, 1), _part(graph, model, projected, 2)


def _projected(graph: Graph, model: Encoder, hidden: Value) -> Value:
    """(tokens, width) -> queries, keys and values side by side, (tokens, 3 * width)"""
    return linear(graph, model, "layers.0.attention_in", norm(graph, model, "layers.0.attention_norm", hidden))


def _part(graph: Graph, model: Encoder, projected: Value, part: int) -> Value:
    """Queries (0), keys (1) or values (2), (heads, tokens, head width); all three at once would take more memory."""
    tokens, width, heads = projected.shape[0], model.config.hidden_size, model.config.heads
    columns = take(graph, projected, 1, part * width, width)
    return transpose(graph, reshape(graph, columns, tokens, heads, width // heads), 1, 0, 2)


def _some_heads(graph: Graph, parts: Parts, first: int, count: int) -> Parts:
    """Queries, over the root of their width, keys and values of some heads, each (count, tokens, head width)."""
    queries, keys, values = (take(graph, part, 0, first, count) for part in parts)
    return binary(graph, "MUL", queries, number(graph, queries.shape[2] ** -0.5)), keys, values


def _finish(graph: Graph, model: Encoder, hidden: Value, attended: Value) -> Value:
    """Residual, output projection and feed-forward; `attended` is (tokens, heads, head width)."""
    joined = reshape(graph, attended, *hidden.shape)
    middle = binary(graph, "ADD", hidden, linear(graph, model, "layers.0.attention_out", joined))
    normed = norm(graph, model, "layers.0.feed_forward_norm", middle)
    return binary(graph, "ADD", middle, _feed_forward(graph, model, normed))


def _feed_forward(graph: Graph, model: Encoder, normed: Value) -> Value:
    """(tokens, width) -> the same; the inner states, four times as wide, are there for some of the tokens at a time."""
    tokens, inner_width = normed.shape[0], model.config.hidden_size * model.config.feed_forward
    groups = -(-4 * tokens * inner_width // INNER_BYTES)
    count, parts = -(-tokens // groups), []
    for first in range(0, tokens, count):
        rows = take(graph, normed, 0, first, min(count, tokens - first))
        inner = linear(graph, model, "layers.0.feed_forward_in", rows)
        active = graph.add("GELU", [inner], inner.shape, approximate=False)
        parts.append(linear(graph, model, "layers.0.feed_forward_out", active))
    return join(graph, parts, 0)
