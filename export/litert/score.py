"""The entry point "score" in LiteRT."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cloud.ranking.model import CANDIDATE, RankingModel
from edge.engines.shape import MASKED
from export.litert.file import Graph, Value
from export.litert.interact import biases_of, candidates_step
from export.litert.likeness import likeness_number
from export.litert.match import match_features
from export.litert.modules import array_of, fully_connected, linear, norm
from export.litert.numbers import inputs_of, of_numbers, wide_and_deep
from export.litert.operators import binary, join, number, reduce, reshape, take


def score(graph: Graph, model: RankingModel, depth: int, given: Mapping[str, Value]) -> Value:
    """(depth + 1, candidate); the states of all depths pass the head together."""
    biases = _biases(graph, model, depth, given["apart"]) if depth else None  # first: it is no operator of XNNPACK's
    items, count = given["items"], given["items"].shape[0]
    some = binary(graph, "MINIMUM", reduce(graph, "SUM", given["events"]), number(graph, 1.0))  # (1,) is there an event
    inputs = inputs_of(graph, given, _likeness(graph, model, given, some))
    beside = _beside(graph, model, given, inputs, some)
    numbers = of_numbers(graph, model, inputs, array_of(model.kind.weight)[CANDIDATE])
    hidden = binary(graph, "ADD", binary(graph, "ADD", items, given["phrases"]), numbers)
    states = [hidden]
    for layer in range(depth):
        assert biases is not None
        past = [take(graph, one, 0, layer, 1) for one in (given["keys"], given["values"], biases)]
        states.append(candidates_step(graph, model.layers[0], states[-1], *past))
    exits = linear(graph, model.head, norm(graph, model.head_norm, join(graph, states, 0)))
    return binary(graph, "ADD", reshape(graph, exits, depth + 1, count), reshape(graph, beside, 1, count))


def _biases(graph: Graph, model: RankingModel, depth: int, apart: Value) -> Value:
    """(layer, head, 1, place + 1), the last of them a candidate's own."""
    of_places = biases_of(graph, model, depth, reshape(graph, apart, 1, apart.shape[0]))
    itself = graph.constant(array_of(model.distance)[:depth, :, None, :1])
    return join(graph, [of_places, itself], 3)


def _likeness(graph: Graph, model: RankingModel, given: Mapping[str, Value], some: Value) -> tuple[Value, Value] | None:
    """(candidate, 1) twice: the number, 0 without events, and 1 then, else 0."""
    if model.likeness is None:
        return None
    ones = graph.constant(np.ones((given["items"].shape[0], 1), dtype=np.float32))
    standard = likeness_number(graph, model.likeness, given["items"], given)
    return binary(graph, "MUL", standard, some), binary(graph, "SUB", ones, some)


def _beside(graph: Graph, model: RankingModel, given: Mapping[str, Value], inputs: Value | None, some: Value) -> Value:
    """(candidate, 1): what match and numbers add at every depth.

    The last feature of match is 1 without events, where the others are 0: its weight is a bias, less where there are.
    """
    weight, bias = array_of(model.matched.weight), array_of(model.matched.bias)
    unseen = binary(
        graph, "MUL", binary(graph, "SUB", given["events"], number(graph, 1.0)), number(graph, -float(MASKED))
    )
    features = match_features(graph, model.match, given["items"], given, unseen)
    matched = fully_connected(graph, graph.constant(weight[:, :-1]), -weight[:, -1], features)
    rest = wide_and_deep(graph, model, inputs, bias + weight[:, -1])
    return binary(graph, "ADD", binary(graph, "MUL", matched, some), rest)
