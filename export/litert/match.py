"""The match of candidates with the events of a timeline in LiteRT, and what is kept of an event for it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from torch import nn

from cloud.ranking.match import Match
from export.litert.file import Graph, Value
from export.litert.modules import array_of, fully_connected, linear
from export.litert.operators import binary, join, number, product, reduce, reshape, take, transpose, unary

NEAR_ZERO = 1e-12  # of a length that divides


def kept_of_events(graph: Graph, match: Match, items: Value, phrases: Value) -> dict[str, Value]:
    """`new_match_keys` (entry, match size), `new_gates` and `new_said` (entry, head)."""
    keys = unit(graph, _without_bias(graph, match.of_event, items))
    gates = log_sigmoid(graph, linear(graph, match.gate, phrases))
    said = unary(graph, "TANH", linear(graph, match.value, phrases))
    return {"new_match_keys": keys, "new_gates": gates, "new_said": said}


def match_features(graph: Graph, match: Match, items: Value, timeline: Mapping[str, Value], unseen: Value) -> Value:
    """(candidate, 3 x head): the best match, the mean value weighted by match, the mean match; finite without events.

    `unseen` (place,): an additive mask of what is no event. A power of an event's match times its gate is one product
    of a candidate's part, (head, candidate, place), and the event's, (head, place).
    """
    heads = match.sharpness.shape[0]
    sharp = np.exp(array_of(match.sharpness))
    asked = unit(graph, _without_bias(graph, match.of_candidate, items))
    cosine = product(graph, asked, timeline["match_keys"], transposed=True)  # (candidate, place)
    seen = binary(graph, "ADD", cosine, unseen)
    nearest = reduce(graph, "REDUCE_MAX", seen)  # (candidate, 1)
    below = binary(graph, "MUL", binary(graph, "SUB", seen, nearest), graph.constant(sharp[:, None, None]))
    powers = unary(graph, "EXP", below)  # (head, candidate, place)
    top, gates, said = _of_gates(graph, timeline, unseen)
    both = reshape(graph, join(graph, [gates, said], 1), heads, 2, gates.shape[1])
    sums = transpose(graph, product(graph, powers, both, transposed=True), 1, 2, 0)  # (candidate, 2, head)
    sums = reshape(graph, sums, items.shape[0], 2 * heads)
    total, weighted = take(graph, sums, 1, 0, heads), take(graph, sums, 1, heads, heads)
    height = binary(graph, "ADD", unary(graph, "LOG", total), reshape(graph, top, 1, heads))
    best = binary(graph, "ADD", nearest, binary(graph, "MUL", height, graph.constant(1 / sharp)))
    share = binary(graph, "DIV", said, reduce(graph, "SUM", gates))
    mean = product(graph, cosine, share, transposed=True)  # (candidate, head)
    return join(graph, [best, binary(graph, "DIV", weighted, total), mean], 1)


def _of_gates(graph: Graph, timeline: Mapping[str, Value], unseen: Value) -> tuple[Value, Value, Value]:
    """The greatest logarithm of a gate, (head, 1); gates over it and the same times the values, (head, place)."""
    logits = binary(graph, "ADD", transpose(graph, timeline["gates"], 1, 0), unseen)
    top = reduce(graph, "REDUCE_MAX", logits)
    gates = unary(graph, "EXP", binary(graph, "SUB", logits, top))
    return top, gates, binary(graph, "MUL", gates, transpose(graph, timeline["said"], 1, 0))


def unit(graph: Graph, vectors: Value) -> Value:
    """Of length 1."""
    squared = reduce(graph, "SUM", binary(graph, "MUL", vectors, vectors))
    return binary(
        graph, "MUL", vectors, unary(graph, "RSQRT", binary(graph, "MAXIMUM", squared, number(graph, NEAR_ZERO**2)))
    )


def log_sigmoid(graph: Graph, logits: Value) -> Value:
    """Of |x| and of x differ by min(x, 0): never an infinity."""
    upper = unary(graph, "LOG", unary(graph, "LOGISTIC", unary(graph, "ABS", logits)))
    return binary(graph, "ADD", binary(graph, "MINIMUM", logits, number(graph, 0.0)), upper)


def _without_bias(graph: Graph, module: nn.Linear, rows: Value) -> Value:
    return fully_connected(graph, graph.constant(array_of(module.weight)), None, rows)
