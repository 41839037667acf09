"""The entry point "score" in Core ML: the layer in float16; match, factors, numbers and head in float32."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from coremltools.converters.mil.mil import Builder as Ops

from cloud.ranking.model import CANDIDATE
from export.coreml.append import kinds_of
from export.coreml.layer import biases_of, candidates_step, halved, layers_of
from export.coreml.likeness import likeness_number
from export.coreml.match import match_features
from export.coreml.modules import linear, norm
from export.coreml.numbers import inputs_of, of_numbers, wide_and_deep
from export.coreml.weights import Var, Weights


def score(weights: Weights, depth: int, given: Mapping[str, Var]) -> dict[str, Var]:
    """`logits` (depth + 1, candidate); the states of all depths pass the head together."""
    items, count = given["items"], given["items"].shape[0]
    some = _some(given["events"])
    without = Ops.sub(x=weights.shared(f"ones_{count}", np.ones((count, 1), dtype=np.float32)), y=some)
    likeness = None
    if weights.model.likeness is not None:
        likeness = Ops.mul(x=likeness_number(weights, items, given), y=some), without
    inputs = inputs_of(given, likeness)
    features = Ops.mul(x=match_features(weights, items, given), y=some)
    matched = linear(weights, "matched", Ops.concat(values=[features, without], axis=1))
    beside = Ops.add(x=matched, y=wide_and_deep(weights, inputs))  # (candidate, 1)
    hidden = Ops.add(x=Ops.add(x=items, y=given["phrases"]), y=of_numbers(weights, inputs))
    states = _states(weights, Ops.add(x=hidden, y=kinds_of(weights)[CANDIDATE]), depth, given)
    exits = linear(weights, "head", norm(weights, "head_norm", states))
    logits = Ops.reshape(x=exits, shape=[depth + 1, count])
    return {"logits": Ops.add(x=logits, y=Ops.reshape(x=beside, shape=[1, count]))}


def _some(events: Var) -> Var:
    """(1, 1): 1 if there is an event, else 0."""
    count = Ops.reduce_sum(x=Ops.expand_dims(x=events, axes=[0]), axes=[1], keep_dims=True)
    return Ops.minimum(x=count, y=np.float32(1))


def _states(weights: Weights, hidden: Var, depth: int, given: Mapping[str, Var]) -> Var:
    """((depth + 1) x candidate, hidden) float32, of all interact depths; at depth 0 they were never float16."""
    if not depth:
        return hidden
    itself = weights.shared("itself", np.zeros(1, dtype=np.int32))  # the distance from itself, behind the last place
    apart = Ops.concat(values=[given["apart"], itself], axis=0)
    past = zip(*(layers_of(halved(given[name])) for name in ("keys", "values")), strict=True)
    states, now = [hidden], halved(hidden)
    for layer, (keys, values) in enumerate(past):
        now = candidates_step(weights, now, keys, values, biases_of(weights, layer, apart))
        states.append(Ops.cast(x=now, dtype="fp32"))
    return Ops.concat(values=states, axis=0)
