"""The encoder's layer in LiteRT, as users and as candidates go through it."""

from __future__ import annotations

import numpy as np
from torch import nn

from cloud.model import Encoder
from edge.engines.protocol import MASKED
from export.litert.attention import attended, finish, groups, part, projected, queries_keys_values, some_heads
from export.litert.file import Graph, Value
from export.litert.operators import binary, join, number, product, reshape, softmax, take, transpose


def user_layer(graph: Graph, model: Encoder, hidden: Value, mask: Value) -> tuple[Value, Value, Value]:
    """(tokens, width) and a mask, (tokens, tokens) -> next hidden, keys and values (heads, tokens, head width)."""
    parts = queries_keys_values(graph, layer_of(model), hidden)
    return finish(graph, layer_of(model), hidden, attended(graph, parts, mask)), *parts[1:]


def user_keys_values(graph: Graph, model: Encoder, hidden: Value) -> tuple[Value, Value]:
    """(tokens, width) -> the user layer's keys and values, (heads, tokens, head width), alone."""
    columns = projected(graph, layer_of(model), hidden)
    return part(graph, layer_of(model), columns, 1), part(graph, layer_of(model), columns, 2)


def candidate_layer(
    graph: Graph, model: Encoder, count: int, hidden: Value, user_keys: Value, user_values: Value, mask: Value
) -> Value:
    """`count` candidates below one another, (count * seq, width), look at the user and, causally, at themselves.

    All of them meet the user's keys, (heads, user tokens, head width), in one product per head.
    """
    rows, user = hidden.shape[0], user_keys.shape[1]
    seq = rows // count
    causal = graph.constant(np.triu(np.full((seq, seq), MASKED, dtype=np.float32), 1))
    parts = queries_keys_values(graph, layer_of(model), hidden)
    both = []
    for first, some in groups(model.config.heads, 2 * rows * (user + seq)):  # their looks come in two parts
        queries, keys, values = some_heads(graph, parts, first, some)
        theirs, seen = (take(graph, one, 0, first, some) for one in (user_keys, user_values))
        apart = [reshape(graph, one, some, count, seq, one.shape[2]) for one in (queries, keys, values)]
        user_logits = binary(graph, "ADD", product(graph, queries, theirs, transposed=True), mask)
        own_logits = binary(graph, "ADD", product(graph, apart[0], apart[1], transposed=True), causal)
        weights = softmax(graph, join(graph, [user_logits, reshape(graph, own_logits, some, rows, seq)], 2))
        own_weights = reshape(graph, take(graph, weights, 2, user, seq), some, count, seq, seq)
        from_own = reshape(graph, product(graph, own_weights, apart[2]), *queries.shape)
        from_user = product(graph, take(graph, weights, 2, 0, user), seen)
        both.append(transpose(graph, binary(graph, "ADD", from_user, from_own), 1, 0, 2))
    return finish(graph, layer_of(model), hidden, join(graph, both, 1))


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
    layer = layer_of(model)
    sides = projected(graph, layer, hidden)
    own = [reshape(graph, part(graph, layer, sides, which), heads, count, seq, width) for which in (1, 2)]
    queries = reshape(graph, take(graph, sides, 1, 0, columns), count, seq, columns)
    query = reshape(graph, product(graph, at_end, queries), count, heads, width)
    query = transpose(graph, binary(graph, "MUL", query, number(graph, width**-0.5)), 1, 0, 2)
    user_logits = binary(graph, "ADD", product(graph, query, user_keys, transposed=True), mask)
    own_logits = product(graph, reshape(graph, query, heads, count, 1, width), own[0], transposed=True)
    own_logits = binary(graph, "ADD", reshape(graph, own_logits, heads, count, seq), after)
    weights = softmax(graph, join(graph, [user_logits, own_logits], 2))
    own_weights = reshape(graph, take(graph, weights, 2, user, seq), heads, count, 1, seq)
    from_own = reshape(graph, product(graph, own_weights, own[1]), heads, count, width)
    from_user = product(graph, take(graph, weights, 2, 0, user), user_values)
    both = transpose(graph, binary(graph, "ADD", from_user, from_own), 1, 0, 2)
    looking = product(graph, at_end, reshape(graph, hidden, count, seq, columns))
    return finish(graph, layer, reshape(graph, looking, count, columns), both)


def _places(graph: Graph, ends: Value, seq: int) -> tuple[Value, Value]:
    """(candidates, 1, seq): one at each candidate's end, else zero; and an additive mask, (candidates, seq), behind."""
    places = graph.constant(np.arange(seq, dtype=np.float32)[None])
    beyond = binary(graph, "SUB", places, reshape(graph, ends, ends.shape[0], 1))  # whole numbers, 0 at the end
    distance = binary(graph, "MAXIMUM", beyond, binary(graph, "MUL", beyond, number(graph, -1.0)))
    zero, one = number(graph, 0.0), number(graph, 1.0)
    at_end = binary(graph, "MAXIMUM", binary(graph, "SUB", one, distance), zero)
    behind = binary(graph, "MINIMUM", binary(graph, "MAXIMUM", beyond, zero), one)
    return reshape(graph, at_end, *at_end.shape[:1], 1, seq), binary(graph, "MUL", behind, number(graph, float(MASKED)))


def layer_of(model: Encoder) -> nn.Module:
    """The one that is applied again and again."""
    return model.get_submodule("layers.0")
