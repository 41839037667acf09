"""The edge graph in Core ML's intermediate language, written out op by op in float16 arithmetic."""

from __future__ import annotations

import numpy as np
from coremltools.converters.mil.mil import Builder as Ops
from torch import nn

from edge.text.sequence import CANDIDATE_SLOT
from export.coreml.modules import linear, norm, parameters
from export.coreml.weights import Var, Weights

MASKED = -3e4  # additive mask of a forbidden look; the engines' -1e9 would be minus infinity in float16


def embed(weights: Weights, ids: Var, positions: Var) -> Var:
    """(batch, seq) int32 twice -> (batch, seq, hidden)"""
    tokens = Ops.gather(x=weights.matrix("token"), indices=ids, axis=0)
    places = Ops.gather(x=weights.matrix("position"), indices=positions, axis=0)
    normed = norm(weights, "embedding_norm", Ops.add(x=tokens, y=places))
    factorised = not isinstance(weights.model.widen, nn.Identity)
    return linear(weights, "widen", normed) if factorised else normed


def place(weights: Weights, hidden: Var, slots: Var) -> Var:
    """(batch, seq, hidden), (batch, seq) int32 -> (batch, seq, hidden)"""
    return Ops.add(x=hidden, y=Ops.gather(x=weights.matrix("slot"), indices=slots, axis=0))


def user_layer(weights: Weights, hidden: Var, mask: Var) -> tuple[Var, Var, Var]:
    """(batch, seq, hidden), (batch, 1, seq, seq) -> hidden, and keys and values (batch, heads, seq, head width)"""
    queries, keys, values = _queries_keys_values(weights, hidden)
    looks = Ops.softmax(x=Ops.add(x=Ops.matmul(x=queries, y=keys, transpose_y=True), y=mask), axis=-1)
    return _finish(weights, hidden, Ops.matmul(x=looks, y=values)), keys, values


def user_keys(weights: Weights, hidden: Var) -> tuple[Var, Var]:
    """(batch, seq, hidden) -> the keys and values of `user_layer`"""
    _, keys, values = _projected(weights, hidden)
    return _heads(weights, keys), _heads(weights, values)


def candidate_layer(weights: Weights, hidden: Var, user_keys: Var, user_values: Var, mask: Var) -> Var:
    """(candidates, seq, hidden), the user's keys and values (1, heads, user seq, head width), (1, 1, 1, user seq)"""
    queries, *own = _queries_keys_values(weights, hidden)
    seq = hidden.shape[1]
    causal = weights.shared("causal", np.triu(np.full((seq, seq), MASKED, dtype=np.float16), 1))
    return _finish(weights, hidden, _attended(queries, own, causal, [user_keys, user_values], mask))


def candidate_end(weights: Weights, hidden: Var, ends: Var, user_keys: Var, user_values: Var, mask: Var) -> Var:
    """`candidate_layer` at the places (candidates,) int32 alone -> (candidates, hidden)"""
    asked, keys, values = _projected(weights, hidden)
    count, seq, width = hidden.shape
    index = weights.shared("index", np.arange(seq, dtype=np.int32))
    later = Ops.cast(x=Ops.greater(x=index, y=Ops.expand_dims(x=ends, axes=[1])), dtype="fp16")  # (candidates, seq)
    causal = Ops.expand_dims(x=Ops.mul(x=later, y=np.float16(MASKED)), axes=[1, 2])
    starts = weights.shared("starts", np.arange(0, count * seq, seq, dtype=np.int32))
    rows = Ops.add(x=ends, y=starts)  # of all candidates' tokens
    at_end, looking = (
        Ops.expand_dims(x=Ops.gather(x=Ops.reshape(x=one, shape=[count * seq, width]), indices=rows, axis=0), axes=[1])
        for one in (asked, hidden)
    )  # (candidates, 1, hidden)
    own = [_heads(weights, keys), _heads(weights, values)]
    attended = _attended(_queries(weights, at_end), own, causal, [user_keys, user_values], mask)
    return Ops.squeeze(x=_finish(weights, looking, attended), axes=[1])


def score(weights: Weights, hidden: Var) -> Var:
    """(candidates, hidden) -> (candidates,)"""
    return Ops.squeeze(x=linear(weights, "head", norm(weights, "head_norm", hidden)), axes=[1])


def run(weights: Weights, ids: Var, mask: Var, depth: Var) -> Var:
    """The whole of it: (1, seq) token ids, (1, seq) segment numbers from 1 and 0 on padding, (1,) depth -> (1,)

    The segments are the profile, the events from the oldest, the closing one and the candidate.
    """
    index = Ops.range_1d(start=np.int32(0), end=np.int32(mask.shape[1]), step=np.int32(1))
    candidate = Ops.reduce_max(x=mask, axes=[1], keep_dims=True)  # (1, 1): its number
    looking, seen = Ops.expand_dims(x=mask, axes=[2]), Ops.expand_dims(x=mask, axes=[1])  # (1, seq, 1), (1, 1, seq)
    later = Ops.greater(x=Ops.expand_dims(x=index, axes=[1]), y=index)  # (seq, seq): the looking token comes after
    same = Ops.equal(x=looking, y=seen)
    behind = Ops.logical_and(x=Ops.logical_and(x=same, y=later), y=Ops.greater(x=seen, y=np.int32(0)))
    positions = Ops.reduce_sum(x=Ops.cast(x=behind, dtype="int32"), axes=[2])  # (1, seq), 0 on padding
    placed = place(weights, embed(weights, ids, positions), _slots(mask, candidate))
    is_candidate = Ops.equal(x=mask, y=candidate)  # (1, seq)
    additive = _attention(seen, candidate, same, later, index)
    hidden = _repeat(weights, placed, additive, depth)
    last = Ops.reduce_max(x=Ops.mul(x=Ops.cast(x=is_candidate, dtype="int32"), y=index), axes=[1])  # (1,): its [EOS]
    return score(weights, Ops.squeeze(x=Ops.gather(x=hidden, indices=last, axis=1), axes=[1]))


def _slots(mask: Var, candidate: Var) -> Var:
    """segment_slots, counted backwards from the candidate: closing next to it, then the events; the profile has 0."""
    behind = Ops.add(x=Ops.sub(x=candidate, y=mask), y=np.int32(CANDIDATE_SLOT))
    return Ops.mul(x=behind, y=Ops.cast(x=Ops.greater(x=mask, y=np.int32(1)), dtype="int32"))


def _attention(seen: Var, candidate: Var, same: Var, later: Var, index: Var) -> Var:
    """(1, 1, seq, seq): everyone sees the user side; the candidate also sees itself, causally."""
    number = Ops.expand_dims(x=candidate, axes=[2])
    user = Ops.logical_and(x=Ops.greater(x=seen, y=np.int32(0)), y=Ops.less(x=seen, y=number))
    causal = Ops.logical_or(x=later, y=Ops.equal(x=Ops.expand_dims(x=index, axes=[1]), y=index))
    own = Ops.logical_and(x=Ops.logical_and(x=same, y=causal), y=Ops.equal(x=seen, y=number))
    forbidden = Ops.logical_not(x=Ops.logical_or(x=user, y=own))
    return Ops.expand_dims(x=Ops.mul(x=Ops.cast(x=forbidden, dtype="fp16"), y=np.float16(MASKED)), axes=[1])


def _repeat(weights: Weights, hidden: Var, mask: Var, depth: Var) -> Var:
    """The shared layer, `depth` times, at least once and not beyond the model's layers."""
    for name, _ in weights.model.layers[0].named_modules():
        if name:  # made outside the loop: its body then only reads them
            parameters(weights, f"layers.0.{name}")
    layers = weights.model.config.layers
    clamped = Ops.minimum(x=Ops.maximum(x=depth, y=np.int32(1)), y=np.int32(layers))
    steps = Ops.squeeze(x=clamped, axes=[0])
    _, reached = Ops.while_loop(
        _cond=lambda done, _: Ops.less(x=done, y=steps),
        _body=lambda done, states: (Ops.add(x=done, y=np.int32(1)), user_layer(weights, states, mask)[0]),
        loop_vars=(Ops.const(val=np.int32(0)), hidden),
    )
    return reached


def _queries_keys_values(weights: Weights, hidden: Var) -> list[Var]:
    """(batch, seq, hidden) -> three of (batch, heads, seq, head width)"""
    queries, keys, values = _projected(weights, hidden)
    return [_queries(weights, queries), _heads(weights, keys), _heads(weights, values)]


def _projected(weights: Weights, hidden: Var) -> list[Var]:
    """(batch, seq, hidden) -> queries, keys and values of the same shape: one product, whose weights are one tensor."""
    projected = linear(weights, "layers.0.attention_in", norm(weights, "layers.0.attention_norm", hidden))
    parts: list[Var] = Ops.split(x=projected, num_splits=3, axis=-1)
    return parts


def _queries(weights: Weights, vectors: Var) -> Var:
    """By head, divided by the root of the width."""
    width = vectors.shape[2] // weights.model.config.heads
    return Ops.mul(x=_heads(weights, vectors), y=np.float16(width**-0.5))


def _heads(weights: Weights, vectors: Var) -> Var:
    """(batch, seq, hidden) -> (batch, heads, seq, head width)"""
    batch, seq, width = vectors.shape
    heads = weights.model.config.heads
    return Ops.transpose(x=Ops.reshape(x=vectors, shape=[batch, seq, heads, width // heads]), perm=[0, 2, 1, 3])


def _attended(queries: Var, own: list[Var], own_mask: Var, user: list[Var], user_mask: Var) -> Var:
    """(candidates, heads, looking, head width): what candidates make of their own and a user's keys and values."""
    count, _, looking, _ = queries.shape
    sizes = [user[0].shape[2], own[0].shape[2]]
    user_looks = Ops.matmul(x=_by_head(queries), y=user[0], transpose_y=True)  # (1, heads, candidates * looking, ..)
    own_looks = Ops.add(x=Ops.matmul(x=queries, y=own[0], transpose_y=True), y=own_mask)
    looks = Ops.concat(values=[Ops.add(x=user_looks, y=user_mask), _by_head(own_looks)], axis=-1)
    shares = Ops.split(x=Ops.softmax(x=looks, axis=-1), split_sizes=sizes, axis=-1)
    return Ops.add(
        x=_by_candidate(Ops.matmul(x=shares[0], y=user[1]), count, looking),
        y=Ops.matmul(x=_by_candidate(shares[1], count, looking), y=own[1]),
    )


def _finish(weights: Weights, hidden: Var, attended: Var) -> Var:
    """`attended` is (batch, heads, seq, head width)"""
    joined = Ops.reshape(x=Ops.transpose(x=attended, perm=[0, 2, 1, 3]), shape=list(hidden.shape))
    middle = Ops.add(x=hidden, y=linear(weights, "layers.0.attention_out", joined))
    normed = norm(weights, "layers.0.feed_forward_norm", middle)
    inner = Ops.gelu(x=linear(weights, "layers.0.feed_forward_in", normed), mode="EXACT")
    return Ops.add(x=middle, y=linear(weights, "layers.0.feed_forward_out", inner))


def _by_head(vectors: Var) -> Var:
    """(candidates, heads, seq, width) -> (1, heads, candidates * seq, width)"""
    count, heads, seq, width = vectors.shape
    return Ops.reshape(x=Ops.transpose(x=vectors, perm=[1, 0, 2, 3]), shape=[1, heads, count * seq, width])


def _by_candidate(vectors: Var, count: int, seq: int) -> Var:
    """(1, heads, candidates * seq, width) -> (candidates, heads, seq, width)"""
    _, heads, _, width = vectors.shape
    return Ops.transpose(x=Ops.reshape(x=vectors, shape=[heads, count, seq, width]), perm=[1, 0, 2, 3])
