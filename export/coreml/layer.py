"""The shared layer in Core ML, in float16: as tokens, new entries and candidates go through it."""

from __future__ import annotations

import numpy as np
from coremltools.converters.mil.mil import Builder as Ops

from cloud.ranking.model import RankingModel
from edge.engines.shape import MASKED
from export.coreml.forms import array, half
from export.coreml.modules import linear, norm
from export.coreml.weights import Var, Weights

LAYER = "layers.0"


def halved(value: Var) -> Var:
    """In float16."""
    return Ops.cast(x=value, dtype="fp16")


def tokens_step(weights: Weights, hidden: Var, mask: Var) -> Var:
    """(token, hidden), (token, token) -> (token, hidden)"""
    queries, keys, values = queries_keys_values(weights, hidden)
    return attend(weights, hidden, queries, keys, values, Ops.expand_dims(x=mask, axes=[0]))


def queries_keys_values(weights: Weights, hidden: Var) -> list[Var]:
    """(row, hidden) -> three of (head, row, head width); queries over the root of their width."""
    queries, keys, values = projected(weights, hidden)
    width = hidden.shape[1] // weights.model.shape.heads
    return [by_head(weights, Ops.mul(x=queries, y=np.float16(width**-0.5))), *_both(weights, keys, values)]


def keys_values(weights: Weights, hidden: Var) -> list[Var]:
    """Of rows that attend to nothing."""
    _, keys, values = projected(weights, hidden)
    return _both(weights, keys, values)


def projected(weights: Weights, hidden: Var) -> list[Var]:
    """(row, hidden) -> queries, keys and values of the same shape: one product, whose weights are one tensor."""
    columns = linear(weights, f"{LAYER}.attention_in", norm(weights, f"{LAYER}.attention_norm", hidden))
    parts: list[Var] = Ops.split(x=columns, num_splits=3, axis=-1)
    return parts


def attend(weights: Weights, hidden: Var, queries: Var, keys: Var, values: Var, biases: Var) -> Var:
    """(row, hidden) -> the same: each attends to `keys`, (head, seen, head width); biases (head or 1, row, seen)."""
    logits = Ops.add(x=Ops.matmul(x=queries, y=keys, transpose_y=True), y=biases)
    return finish(weights, hidden, Ops.matmul(x=Ops.softmax(x=logits, axis=-1), y=values))


def candidates_step(weights: Weights, hidden: Var, past_keys: Var, past_values: Var, biases: Var) -> Var:
    """(candidate, hidden) -> the same: each attends to the timeline, (head, place, head width), and to itself; biases
    are (head, place + 1)."""
    queries, keys, values = queries_keys_values(weights, hidden)
    to_past = Ops.matmul(x=queries, y=past_keys, transpose_y=True)  # (head, candidate, place)
    to_itself = Ops.reduce_sum(x=Ops.mul(x=queries, y=keys), axes=[-1], keep_dims=True)
    logits = Ops.add(x=Ops.concat(values=[to_past, to_itself], axis=-1), y=Ops.expand_dims(x=biases, axes=[1]))
    sizes = [past_keys.shape[1], 1]
    shares = Ops.split(x=Ops.softmax(x=logits, axis=-1), split_sizes=sizes, axis=-1)
    from_past, from_itself = Ops.matmul(x=shares[0], y=past_values), Ops.mul(x=shares[1], y=values)
    return finish(weights, hidden, Ops.add(x=from_past, y=from_itself))


def finish(weights: Weights, hidden: Var, attended: Var) -> Var:
    """Residual, output projection and feed-forward; `attended` is (head, row, head width)."""
    return finish_rows(weights, hidden, Ops.transpose(x=attended, perm=[1, 0, 2]))


def finish_rows(weights: Weights, hidden: Var, attended: Var) -> Var:
    """The same; `attended` is (..., head, head width), a row after another."""
    joined = Ops.reshape(x=attended, shape=list(hidden.shape))
    middle = Ops.add(x=hidden, y=linear(weights, f"{LAYER}.attention_out", joined))
    normed = norm(weights, f"{LAYER}.feed_forward_norm", middle)
    inner = Ops.gelu(x=linear(weights, f"{LAYER}.feed_forward_in", normed), mode="EXACT")
    return Ops.add(x=middle, y=linear(weights, f"{LAYER}.feed_forward_out", inner))


def biases_of(weights: Weights, layer: int, apart: Var) -> Var:
    """(..., place) buckets -> (head, ..., place)"""
    table = half("distance", distances_of(weights.model, layer))
    return Ops.gather(x=weights.shared(f"distance_{layer}", table), indices=apart, axis=1)


def distances_of(model: RankingModel, layer: int) -> np.ndarray:
    """(head, distance + 1), the last of which hides."""
    distance = array(model.distance)[layer]
    return np.pad(distance, ((0, 0), (0, 1)), constant_values=MASKED)


def layers_of(stacked: Var) -> list[Var]:
    """(layer, ...) -> (...) of each layer."""
    count = stacked.shape[0]
    parts = Ops.split(x=stacked, num_splits=count, axis=0) if count > 1 else [stacked]
    return [Ops.squeeze(x=part, axes=[0]) for part in parts]


def by_head(weights: Weights, rows: Var) -> Var:
    """(row, hidden) -> (head, row, head width)"""
    count, width = rows.shape
    heads = weights.model.shape.heads
    return Ops.transpose(x=Ops.reshape(x=rows, shape=[count, heads, width // heads]), perm=[1, 0, 2])


def _both(weights: Weights, keys: Var, values: Var) -> list[Var]:
    return [by_head(weights, keys), by_head(weights, values)]
