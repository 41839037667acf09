"""All texts of a request to summaries in Core ML, each text by itself: tokens in float16, summaries in float32."""

from __future__ import annotations

import numpy as np
from coremltools.converters.mil.mil import Builder as Ops

from edge.engines.shape import MASKED
from export.coreml.chunk import embed
from export.coreml.layer import finish_rows, halved, projected
from export.coreml.modules import norm
from export.coreml.weights import Var, Weights


def summaries(weights: Weights, ids: Var, once: int) -> Var:
    """(text, token) ids -> (text, hidden). The last `once` texts are phrases, which pass the layer once at most."""
    texts, tokens = ids.shape
    first = np.zeros((1, tokens), dtype=np.int32)
    first[0, 0] = 1  # the token of a text without words
    known = Ops.maximum(x=ids, y=weights.shared("first_token", first))
    real = Ops.minimum(x=Ops.cast(x=known, dtype="fp32"), y=np.float32(1))  # (text, token)
    places = weights.shared("token_places", np.tile(np.arange(tokens, dtype=np.int32), texts))
    flat = Ops.reshape(x=known, shape=[texts * tokens])
    hidden = _encoded(weights, embed(weights, {"ids": flat, "positions": places})["hidden"], real, once)
    by_text = Ops.reshape(x=Ops.cast(x=hidden, dtype="fp32"), shape=[texts, tokens, hidden.shape[1]])
    sums = Ops.matmul(x=Ops.expand_dims(x=real, axes=[1]), y=by_text)  # (text, 1, hidden)
    means = Ops.real_div(x=Ops.squeeze(x=sums, axes=[1]), y=Ops.reduce_sum(x=real, axes=[1], keep_dims=True))
    return norm(weights, "summary_norm", means)


def _encoded(weights: Weights, hidden: Var, real: Var, once: int) -> Var:
    """(text x token, hidden)"""
    depth, (texts, tokens) = weights.model.shape.encode_layers, real.shape
    if not depth:
        return hidden
    mask = halved(Ops.mul(x=Ops.sub(x=real, y=np.float32(1)), y=np.float32(-MASKED)))
    hidden = _step(weights, hidden, mask)
    if depth == 1:
        return hidden
    again = texts - once
    items, phrases = Ops.split(x=hidden, split_sizes=[again * tokens, once * tokens], axis=0)
    of_items, _ = Ops.split(x=mask, split_sizes=[again, once], axis=0)
    for _ in range(depth - 1):
        items = _step(weights, items, of_items)
    return Ops.concat(values=[items, phrases], axis=0)


def _step(weights: Weights, hidden: Var, mask: Var) -> Var:
    """(text x token, hidden) -> the same; `mask` (text, token) is additive."""
    texts, tokens = mask.shape
    heads = weights.model.shape.heads
    width = hidden.shape[1] // heads
    queries, keys, values = (
        Ops.transpose(x=Ops.reshape(x=part, shape=[texts, tokens, heads, width]), perm=[0, 2, 1, 3])
        for part in projected(weights, hidden)
    )
    looks = Ops.matmul(x=Ops.mul(x=queries, y=np.float16(width**-0.5)), y=keys, transpose_y=True)
    looks = Ops.add(x=looks, y=Ops.expand_dims(x=mask, axes=[1, 2]))
    attended = Ops.matmul(x=Ops.softmax(x=looks, axis=-1), y=values)  # (text, head, token, head width)
    return finish_rows(weights, hidden, Ops.transpose(x=attended, perm=[0, 2, 1, 3]))
