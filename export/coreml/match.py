"""The match of candidates with the events of a timeline in Core ML, in float32, and what is kept of an event for it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from coremltools.converters.mil.mil import Builder as Ops

from edge.engines.reference import NEAR_ZERO
from edge.engines.shape import MASKED
from export.coreml.forms import array
from export.coreml.modules import linear, product
from export.coreml.weights import Var, Weights


def kept_of_events(weights: Weights, items: Var, phrases: Var) -> dict[str, Var]:
    """`new_match_keys` (entry, match size), `new_gates` and `new_said` (entry, head)."""
    return {
        "new_match_keys": unit(product(weights, "match.of_event", items)),
        "new_gates": log_sigmoid(linear(weights, "match.gate", phrases)),
        "new_said": Ops.tanh(x=linear(weights, "match.value", phrases)),
    }


def match_features(weights: Weights, items: Var, timeline: Mapping[str, Var]) -> Var:
    """(candidate, 3 x head): the best match, the mean value weighted by match, the mean match; always finite."""
    sharp = np.exp(array(weights.model.match.sharpness))
    asked = unit(product(weights, "match.of_candidate", items))
    cosine = Ops.matmul(x=asked, y=timeline["match_keys"], transpose_y=True)  # (candidate, place)
    hidden = Ops.mul(x=Ops.sub(x=timeline["events"], y=np.float32(1)), y=-MASKED)  # (place,), 0 where there is an event
    gates = Ops.add(x=Ops.transpose(x=timeline["gates"], perm=[1, 0]), y=Ops.expand_dims(x=hidden, axes=[0]))
    said = Ops.transpose(x=timeline["said"], perm=[1, 0])  # (head, place)
    sharpened = Ops.mul(x=Ops.expand_dims(x=cosine, axes=[0]), y=sharp[:, None, None])
    logits = Ops.add(x=sharpened, y=Ops.expand_dims(x=gates, axes=[1]))  # (head, candidate, place)
    top = Ops.reduce_max(x=logits, axes=[-1], keep_dims=True)
    powers = Ops.exp(x=Ops.sub(x=logits, y=top))
    total = Ops.reduce_sum(x=powers, axes=[-1], keep_dims=True)  # (head, candidate, 1)
    best = Ops.real_div(x=Ops.add(x=Ops.log(x=total), y=top), y=sharp[:, None, None])
    weighted = Ops.real_div(x=Ops.matmul(x=powers, y=Ops.expand_dims(x=said, axes=[2])), y=total)
    mean = Ops.matmul(x=cosine, y=Ops.mul(x=Ops.softmax(x=gates, axis=-1), y=said), transpose_y=True)
    return Ops.concat(values=[_by_candidate(best), _by_candidate(weighted), mean], axis=1)


def unit(vectors: Var) -> Var:
    """Of length 1."""
    squared = Ops.reduce_sum(x=Ops.mul(x=vectors, y=vectors), axes=[-1], keep_dims=True)
    return Ops.real_div(x=vectors, y=Ops.maximum(x=Ops.sqrt(x=squared), y=NEAR_ZERO))


def log_sigmoid(logits: Var) -> Var:
    """Of |x| and of x differ by min(x, 0): never an infinity."""
    upper = Ops.log(x=Ops.sigmoid(x=Ops.abs(x=logits)))
    return Ops.add(x=Ops.minimum(x=logits, y=np.float32(0)), y=upper)


def _by_candidate(features: Var) -> Var:
    """(head, candidate, 1) -> (candidate, head)"""
    return Ops.transpose(x=Ops.squeeze(x=features, axes=[2]), perm=[1, 0])
