"""The arithmetic in plain numpy: what every engine approximates, written to be read and ported."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from edge.bundle.manifest import WEIGHTS
from edge.bundle.shape import Shape
from edge.bundle.weights.packed import unpack
from edge.engines.arithmetic import Parameters, gelu, softmax
from edge.engines.opening import check_heads
from edge.engines.protocol import MASKED, Context
from edge.errors import EdgeError


class ReferenceEngine:
    """Scores from a model's parameters by name, as `Parameters` holds them."""

    def __init__(self, weights: Mapping[str, np.ndarray], shape: Shape) -> None:
        self.shape = shape
        self._weights = Parameters(weights)

    def padded_user(self, tokens: int) -> int:
        return tokens

    def padded_candidates(self, count: int) -> int:
        return count

    def embed(self, ids: np.ndarray, positions: np.ndarray) -> np.ndarray:
        narrow = self._weights.norm(
            "embedding_norm", self._weights.rows("token", ids) + self._weights.rows("position", positions)
        )
        return self._weights.linear("widen", narrow) if "widen.weight" in self._weights else narrow

    def place(self, hidden: np.ndarray, slots: np.ndarray) -> np.ndarray:
        return hidden + self._weights.rows("slot", slots)

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
        return self._weights.linear("head", self._weights.norm("head_norm", hidden))[..., 0]

    def close(self) -> None:
        self._weights.clear()

    def _queries_keys_values(self, hidden: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(..., seq, hidden) -> three of (..., heads, seq, head width); queries divided by the root of that width."""
        heads, width = self.shape.heads, self.shape.hidden // self.shape.heads
        projected = self._weights.linear("layers.0.attention_in", self._weights.norm("layers.0.attention_norm", hidden))
        split = projected.reshape(*hidden.shape[:-1], 3, heads, width)
        queries, keys, values = (split[..., part, :, :].swapaxes(-2, -3) for part in range(3))
        return queries * np.float32(width**-0.5), keys, values

    def _finish(self, hidden: np.ndarray, attended: np.ndarray) -> np.ndarray:
        """Residual, output projection and feed-forward; `attended` is (..., heads, seq, head width)."""
        joined = attended.swapaxes(-2, -3).reshape(hidden.shape)
        middle = hidden + self._weights.linear("layers.0.attention_out", joined)
        inner = gelu(
            self._weights.linear("layers.0.feed_forward_in", self._weights.norm("layers.0.feed_forward_norm", middle))
        )
        return middle + self._weights.linear("layers.0.feed_forward_out", inner)


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
