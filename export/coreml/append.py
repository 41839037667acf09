"""The entry point "append" in Core ML: the states in float16, all else in float32."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from coremltools.converters.mil.mil import Builder as Ops

from cloud.ranking.model import EVENT, PROFILE
from edge.engines.shape import ModelShape
from export.coreml.layer import attend, biases_of, halved, keys_values, layers_of, queries_keys_values
from export.coreml.match import kept_of_events
from export.coreml.modules import linear
from export.coreml.numbers import inputs_of, of_numbers
from export.coreml.weights import Var, Weights


def append(weights: Weights, shape: ModelShape, given: Mapping[str, Var]) -> dict[str, Var]:
    """The arrays of ENGINE.md, by name."""
    kept = kept_of_events(weights, given["items"], given["phrases"])
    if shape.factors:
        kept["new_factors"] = linear(weights, "likeness.factors", given["items"])
    if shape.interact_layers:
        kept |= _keys_values(weights, shape.interact_layers, given)
    return kept


def _keys_values(weights: Weights, layers: int, given: Mapping[str, Var]) -> dict[str, Var]:
    """`new_keys`, `new_values` (layer, head, entry, head width); at the last layer no entry attends to another."""
    hidden, kept = halved(_states(weights, given)), []
    past = [layers_of(halved(given[name])) for name in ("keys", "values")] if layers > 1 and "keys" in given else []
    for layer in range(layers - 1):
        queries, *new = queries_keys_values(weights, hidden)
        kept.append(new)
        keys, values = new
        if past:
            keys, values = (Ops.concat(values=[old[layer], one], axis=1) for old, one in zip(past, new, strict=True))
        hidden = attend(weights, hidden, queries, keys, values, biases_of(weights, layer, given["apart"]))
    kept.append(keys_values(weights, hidden))
    keys, values = (
        Ops.concat(values=[Ops.expand_dims(x=new[which], axes=[0]) for new in kept], axis=0) for which in range(2)
    )
    return {"new_keys": keys, "new_values": values}


def _states(weights: Weights, given: Mapping[str, Var]) -> Var:
    """(entry, hidden): the item's summary and the kind's row, and of an event the phrase's and the numbers' states."""
    rows, kinds = given["items"].shape[0], kinds_of(weights)
    none = None
    if weights.model.likeness is not None:  # a number of candidates alone
        zeros, ones = (np.full((rows, 1), value, dtype=np.float32) for value in (0, 1))
        none = weights.shared(f"zeros_{rows}", zeros), weights.shared(f"ones_{rows}", ones)
    events = Ops.expand_dims(x=given["events"], axes=[1])  # (entry, 1)
    of_events = Ops.add(x=given["phrases"], y=of_numbers(weights, inputs_of(given, none)))
    of_events = Ops.add(x=of_events, y=Ops.sub(x=kinds[EVENT], y=kinds[PROFILE]))
    return Ops.add(x=Ops.add(x=given["items"], y=Ops.mul(x=of_events, y=events)), y=kinds[PROFILE])


def kinds_of(weights: Weights) -> list[Var]:
    """(1, hidden) of each kind of entry."""
    parts: list[Var] = Ops.split(x=weights.matrix("kind", precise=True), num_splits=3, axis=0)
    return parts
