"""The steps of a transformer layer in LiteRT, from a module with the parts of cloud.model.Layer."""

from __future__ import annotations

from torch import nn

from export.litert.file import Graph, Value
from export.litert.modules import linear, norm
from export.litert.operators import binary, gelu, join, number, product, reshape, softmax, take, transpose

Parts = tuple[Value, Value, Value]  # queries, keys and values, each (heads, tokens, head width)
LOGIT_BYTES = 1 << 21  # of the heads that attend at one time: less memory, and it stays in a processor's cache
INNER_BYTES = 1 << 21  # of the tokens that pass the feed-forward part at one time, for the same reasons


def step(graph: Graph, layer: nn.Module, hidden: Value, mask: Value) -> Value:
    """(tokens, width) and an additive mask, (tokens, tokens) -> (tokens, width)"""
    return finish(graph, layer, hidden, attended(graph, queries_keys_values(graph, layer, hidden), mask))


def attended(graph: Graph, parts: Parts, mask: Value) -> Value:
    """-> (tokens, heads, head width)"""
    heads, tokens, _ = parts[0].shape
    joined = []
    for first, count in groups(heads, tokens * tokens):
        queries, keys, values = some_heads(graph, parts, first, count)
        logits = binary(graph, "ADD", product(graph, queries, keys, transposed=True), mask)
        joined.append(transpose(graph, product(graph, softmax(graph, logits), values), 1, 0, 2))
    return join(graph, joined, 1)


def groups(heads: int, looks: int) -> list[tuple[int, int]]:
    """(first, count) of the heads that attend together, each at `looks` pairs of tokens."""
    most = max(1, LOGIT_BYTES // (4 * looks))
    count = max(size for size in range(1, heads + 1) if heads % size == 0 and size <= most)
    return [(first, count) for first in range(0, heads, count)]


def queries_keys_values(graph: Graph, layer: nn.Module, hidden: Value) -> Parts:
    """Of (tokens, width) hidden states."""
    columns = projected(graph, layer, hidden)
    return part(graph, layer, columns, 0), part(graph, layer, columns, 1), part(graph, layer, columns, 2)


def projected(graph: Graph, layer: nn.Module, hidden: Value) -> Value:
    """(tokens, width) -> queries, keys and values side by side, (tokens, 3 * width)"""
    normed = norm(graph, layer.get_submodule("attention_norm"), hidden)
    return linear(graph, layer.get_submodule("attention_in"), normed)


def part(graph: Graph, layer: nn.Module, columns: Value, which: int) -> Value:
    """Queries (0), keys (1) or values (2), (heads, tokens, head width); all three at once would take more memory."""
    tokens, width, heads = columns.shape[0], columns.shape[1] // 3, heads_of(layer)
    chosen = take(graph, columns, 1, which * width, width)
    return transpose(graph, reshape(graph, chosen, tokens, heads, width // heads), 1, 0, 2)


def some_heads(graph: Graph, parts: Parts, first: int, count: int) -> Parts:
    """Queries, over the root of their width, keys and values of some heads, each (count, tokens, head width)."""
    queries, keys, values = (take(graph, one, 0, first, count) for one in parts)
    return binary(graph, "MUL", queries, number(graph, queries.shape[2] ** -0.5)), keys, values


def finish(graph: Graph, layer: nn.Module, hidden: Value, attended: Value) -> Value:
    """Residual, output projection and feed-forward; `attended` is (tokens, heads, head width)."""
    joined = reshape(graph, attended, *hidden.shape)
    middle = binary(graph, "ADD", hidden, linear(graph, layer.get_submodule("attention_out"), joined))
    normed = norm(graph, layer.get_submodule("feed_forward_norm"), middle)
    return binary(graph, "ADD", middle, _feed_forward(graph, layer, normed))


def heads_of(layer: nn.Module) -> int:
    """How many attention heads a layer has."""
    heads = layer.heads
    assert isinstance(heads, int)
    return heads


def _feed_forward(graph: Graph, layer: nn.Module, normed: Value) -> Value:
    """(tokens, width) -> the same; the inner states, some times as wide, are there for some of the tokens at a time."""
    enter, leave = layer.get_submodule("feed_forward_in"), layer.get_submodule("feed_forward_out")
    tokens, inner_width = normed.shape[0], len(enter.get_parameter("bias"))
    shares = -(-4 * tokens * inner_width // INNER_BYTES)
    count, parts = -(-tokens // shares), []
    for first in range(0, tokens, count):
        rows = take(graph, normed, 0, first, min(count, tokens - first))
        parts.append(linear(graph, leave, gelu(graph, linear(graph, enter, rows))))
    return join(graph, parts, 0)
