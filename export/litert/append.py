"""The entry point "append" in LiteRT."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cloud.ranking.model import EVENT, PROFILE, RankingModel
from edge.engines.shape import ModelShape
from export.litert.file import Graph, Value
from export.litert.interact import biases_of, entries_step, queries_keys_values
from export.litert.match import kept_of_events
from export.litert.modules import array_of, linear
from export.litert.numbers import inputs_of, of_numbers
from export.litert.operators import binary, join, reshape, take


def append(graph: Graph, model: RankingModel, shape: ModelShape, given: Mapping[str, Value]) -> dict[str, Value]:
    """The arrays of ENGINE.md, by name."""
    # First, because it looks biases up, and XNNPACK has no such operator. Operators before it would be a separate part
    # of the graph, whose results LiteRT would keep in memory for the other part.
    kept = _keys_values(graph, model, shape.interact_layers, given) if shape.interact_layers else {}
    kept |= kept_of_events(graph, model.match, given["items"], given["phrases"])
    if model.likeness is not None:
        kept["new_factors"] = linear(graph, model.likeness.factors, given["items"])
    return kept


def _keys_values(graph: Graph, model: RankingModel, layers: int, given: Mapping[str, Value]) -> dict[str, Value]:
    """`new_keys`, `new_values` (layer, head, entry, head width); at the last layer no entry attends to another."""
    layer, before = model.layers[0], layers - 1
    biases = biases_of(graph, model, before, given["apart"]) if before else None
    hidden, kept = _states(graph, model, given), []
    for depth in range(layers):
        queries, *new = queries_keys_values(graph, layer, hidden)
        kept.append(new)
        if biases is not None and depth < before:
            keys, values = (
                join(graph, [*_past(graph, given, name, depth), one], 2)
                for name, one in zip(("keys", "values"), new, strict=True)
            )
            hidden = entries_step(graph, layer, hidden, queries, keys, values, take(graph, biases, 0, depth, 1))
    keys, values = (join(graph, [new[which] for new in kept], 0) for which in range(2))
    return {"new_keys": keys, "new_values": values}


def _past(graph: Graph, given: Mapping[str, Value], name: str, depth: int) -> list[Value]:
    """What the timeline keeps at a layer, if there is one."""
    return [take(graph, given[name], 0, depth, 1)] if name in given else []


def _states(graph: Graph, model: RankingModel, given: Mapping[str, Value]) -> Value:
    """(entry, hidden): the item's summary, and of an event the phrase's, the numbers' and the kind's."""
    rows, kinds = given["items"].shape[0], array_of(model.kind.weight)
    none = None
    if model.likeness is not None:  # a number of candidates alone
        zero, one = (graph.constant(np.full((rows, 1), value, dtype=np.float32)) for value in (0, 1))
        none = zero, one
    numbers = of_numbers(graph, model, inputs_of(graph, given, none), kinds[EVENT] - kinds[PROFILE])
    of_events = binary(graph, "ADD", given["phrases"], numbers)
    of_events = binary(graph, "MUL", of_events, reshape(graph, given["events"], rows, 1))
    return binary(graph, "ADD", binary(graph, "ADD", given["items"], of_events), graph.constant(kinds[PROFILE]))
