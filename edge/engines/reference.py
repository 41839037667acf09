"""The arithmetic in plain numpy: what every engine approximates, written to be read and ported."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from edge.bundle.manifest import WEIGHTS
from edge.bundle.shape import Shape
from edge.bundle.weights.packed import unpack
from edge.engines.opening import check_heads
from edge.engines.protocol import MASKED, Context
from edge.errors import EdgeError

EPSILON = 1e-5  # of a norm
LEAST, GREATEST = -128.0, 127.0  # the 256 levels of an activation

# ln(erfc(z) / t) + z * z as a polynomial of t = 1 / (1 + z / 2), lowest power first: fitted at Chebyshev nodes for z
# between 0 and 10. In exact arithmetic erfc is then at most 3e-9 off.
ERFC = (
    -1.265578042, 1.001818217, 0.353201478, 0.232924512, -0.736143749, 1.720586749,
    -3.630209627, 4.314971755, -2.836915837, 0.990257856, -0.14491331,
)  # fmt: skip


class ReferenceEngine:
    """Scores from a model's parameters by name, int8 (rows = outputs) with a `.scale` per row, or float32.

    Everything is float32 but sums of products of integers, which are exact; elsewhere only rounding may differ.
    """

    def __init__(self, weights: Mapping[str, np.ndarray], shape: Shape) -> None:
        self.shape = shape
        self._weights = dict(weights)
        for name in [name.removesuffix(".scale") for name in weights if name.endswith(".scale")]:
            if f"{name}.bias" in weights:  # a product; in float64, where no sum of integers is ever rounded
                self._weights[f"{name}.weight"] = weights[f"{name}.weight"].astype(np.float64)

    def padded_user(self, tokens: int) -> int:
        return tokens

    def padded_candidates(self, count: int) -> int:
        return count

    def embed(self, ids: np.ndarray, positions: np.ndarray) -> np.ndarray:
        narrow = self._norm("embedding_norm", self._rows("token", ids) + self._rows("position", positions))
        return self._linear("widen", narrow) if "widen.weight" in self._weights else narrow

    def place(self, hidden: np.ndarray, slots: np.ndarray) -> np.ndarray:
        return hidden + self._rows("slot", slots)

    def layer(self, hidden: np.ndarray, mask: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        queries, keys, values = self._queries_keys_values(hidden)
        attended = softmax(queries @ keys.swapaxes(-1, -2) + mask) @ values
        return self._finish(hidden, attended), keys, values

    def layer_keys(self, hidden: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray]:
        return self._queries_keys_values(hidden)[1:]

    def layer_candidate(self, hidden: np.ndarray, context: Context, depth: int) -> np.ndarray:
        seq, user_tokens = hidden.shape[1], len(context.mask)
        causal = np.triu(np.full((seq, seq), MASKED), 1)
        queries, own_keys, own_values = self._queries_keys_values(hidden)  # (candidates, heads, seq, head width)
        at_user = queries @ context.keys.swapaxes(-1, -2) + context.mask
        at_itself = queries @ own_keys.swapaxes(-1, -2) + causal
        shares = softmax(np.concatenate([at_user, at_itself], -1))
        attended = shares[..., :user_tokens] @ context.values + shares[..., user_tokens:] @ own_values
        return self._finish(hidden, attended)

    def layer_end(self, hidden: np.ndarray, ends: np.ndarray, context: Context, depth: int) -> np.ndarray:
        everyone, user_tokens = np.arange(len(hidden)), len(context.mask)
        queries, own_keys, own_values = self._queries_keys_values(hidden)
        query = queries[everyone, :, ends][:, :, None]  # (candidates, heads, 1, head width)
        later = np.where(np.arange(hidden.shape[1]) > ends[:, None], MASKED, np.float32(0))  # (candidates, seq)
        at_user = query @ context.keys.swapaxes(-1, -2) + context.mask
        at_itself = query @ own_keys.swapaxes(-1, -2) + later[:, None, None]
        shares = softmax(np.concatenate([at_user, at_itself], -1))
        attended = shares[..., :user_tokens] @ context.values + shares[..., user_tokens:] @ own_values
        return self._finish(hidden[everyone, ends][:, None], attended)[:, 0]

    def head(self, hidden: np.ndarray) -> np.ndarray:
        return self._linear("head", self._norm("head_norm", hidden))[..., 0]

    def close(self) -> None:
        self._weights.clear()

    def _queries_keys_values(self, hidden: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(..., seq, hidden) -> three of (..., heads, seq, head width); queries divided by the root of that width."""
        heads, width = self.shape.heads, self.shape.hidden // self.shape.heads
        projected = self._linear("layers.0.attention_in", self._norm("layers.0.attention_norm", hidden))
        split = projected.reshape(*hidden.shape[:-1], 3, heads, width)
        queries, keys, values = (split[..., part, :, :].swapaxes(-2, -3) for part in range(3))
        return queries * np.float32(width**-0.5), keys, values

    def _finish(self, hidden: np.ndarray, attended: np.ndarray) -> np.ndarray:
        """Residual, output projection and feed-forward; `attended` is (..., heads, seq, head width)."""
        joined = attended.swapaxes(-2, -3).reshape(hidden.shape)
        middle = hidden + self._linear("layers.0.attention_out", joined)
        inner = gelu(self._linear("layers.0.feed_forward_in", self._norm("layers.0.feed_forward_norm", middle)))
        return middle + self._linear("layers.0.feed_forward_out", inner)

    def _rows(self, name: str, ids: np.ndarray) -> np.ndarray:
        rows = self._weights[f"{name}.weight"][ids].astype(np.float32)
        scale = self._weights.get(f"{name}.scale")
        return rows if scale is None else rows * scale[ids][..., None]

    def _norm(self, name: str, inputs: np.ndarray) -> np.ndarray:
        centred = inputs - inputs.mean(-1, keepdims=True)
        deviation = np.sqrt((centred * centred).mean(-1, keepdims=True) + np.float32(EPSILON))
        return centred / deviation * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]

    def _linear(self, name: str, inputs: np.ndarray) -> np.ndarray:
        """(..., inputs) -> (..., outputs)"""
        weight, scale = self._weights[f"{name}.weight"], self._weights.get(f"{name}.scale")
        if scale is None:
            product = inputs @ weight.T
        else:
            levels, step = levels_of(inputs)
            product = (levels @ weight.T).astype(np.float32) * step * scale
        return product + self._weights[f"{name}.bias"]


def levels_of(inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(..., width) float32 -> whole numbers less their row's zero point, and the step between levels, (..., 1).

    A row's 256 levels span its least to its greatest value, zero among them; halves round to even.
    """
    least = np.minimum(inputs.min(-1, keepdims=True), np.float32(0))
    greatest = np.maximum(inputs.max(-1, keepdims=True), np.float32(0))
    step = np.maximum((greatest - least) / np.float32(255), np.float32(1e-12))
    zero_point = np.clip(np.rint(np.float32(LEAST) - least / step), LEAST, GREATEST)
    levels = np.clip(np.rint(inputs * (np.float32(1) / step)) + zero_point, LEAST, GREATEST)
    return levels.astype(np.float64) - zero_point, step


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def gelu(inputs: np.ndarray) -> np.ndarray:
    """x times the share of a normal distribution below x; at most 4e-7 off, as others are in float32."""
    z = np.minimum(np.abs(inputs) * np.float32(0.5**0.5), np.float32(10))  # erfc(10) is 2e-45
    t = np.float32(1) / (np.float32(1) + np.float32(0.5) * z)
    exponent = np.full_like(t, ERFC[-1])
    for coefficient in ERFC[-2::-1]:
        exponent *= t
        exponent += np.float32(coefficient)
    tail = np.float32(0.5) * t * np.exp(exponent - z * z)  # the share beyond |x|
    return inputs * np.where(inputs < 0, tail, np.float32(1) - tail)


def reference_engine(directory: Path, shape: Shape, threads: int = 1) -> ReferenceEngine:
    """Of the bundle installed in `directory`. numpy chooses its threads itself."""
    weights = read_weights(directory)
    hidden = len(weights["head_norm.weight"]) if "head_norm.weight" in weights else 0
    check_heads(directory / WEIGHTS, shape, shape.heads, hidden // shape.heads)  # of heads, weights know nothing
    return ReferenceEngine(weights, shape)


def read_weights(directory: Path) -> dict[str, np.ndarray]:
    """The parameters of an installed bundle, by name."""
    path = directory / WEIGHTS
    try:
        return unpack(path.read_bytes())
    except OSError as error:
        raise EdgeError(f"{path} cannot be read: {error.strerror}") from error
