"""The arithmetic of the ranking model in plain numpy: what every engine approximates, written to be read and ported."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from edge.engines.arithmetic import Parameters, gelu, softmax
from edge.engines.chunk import Chunk
from edge.engines.protocol import Entries
from edge.engines.shape import MASKED, NO_LIKENESS, OVERALL, ModelShape
from edge.engines.timeline import NewPlaces, Timeline
from edge.text.number import CLIP

PROFILE, EVENT, CANDIDATE = range(3)  # rows of the table of kinds
LAYER = "layers.0"
NEAR_ZERO = np.float32(1e-12)  # of a length that divides


class ReferenceEngine:
    """Scores from a ranking model's parameters by name, as `Parameters` holds them."""

    chunk_tokens, chunk_segments = 256, 64

    def __init__(self, weights: Mapping[str, np.ndarray], shape: ModelShape) -> None:
        self.shape = shape
        self._weights = Parameters(weights)
        hidden = np.full((*weights["distance"].shape[:2], 1), MASKED, dtype=np.float32)
        self._biases = np.concatenate([weights["distance"], hidden], -1)  # (layer, head, bucket), the last unseen

    def padded_tokens(self, tokens: int) -> int:
        return tokens

    def padded_candidates(self, count: int, depth: int) -> int:
        return count

    def summarise(self, chunk: Chunk, depth: int) -> np.ndarray:
        hidden, mask = self.embed(chunk.ids, chunk.positions), chunk.mask()
        for _ in range(depth):
            hidden = self.encode(hidden, mask)
        return self._weights.norm("summary_norm", chunk.weights(chunk.count) @ hidden)

    def embed(self, ids: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """(token,), (token,) -> (token, hidden)"""
        weights = self._weights
        narrow = weights.norm("embedding_norm", weights.rows("token", ids) + weights.rows("position", positions))
        return weights.linear("widen", narrow) if "widen.weight" in weights else narrow

    def encode(self, hidden: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """(token, hidden), (token, token) -> (token, hidden)"""
        queries, keys, values = self._projected(hidden)
        attended = softmax(queries @ keys.swapaxes(-1, -2) + mask) @ values
        return self._finish(hidden, attended)

    def append(self, entries: Entries, profile: bool, timeline: Timeline) -> NewPlaces:
        events = np.ones((len(entries), 1), dtype=np.float32)
        events[:1] = 0 if profile else 1
        numbers = self._inputs(entries, np.zeros(len(entries), np.float32), np.ones(len(entries), np.float32))
        kinds = self._weights["kind.weight"]
        of_events = entries.phrases + self._small(numbers) + kinds[EVENT]
        hidden = entries.items + events * of_events + (1 - events) * kinds[PROFILE]
        biases = self._biases[:, :, timeline.apart_of_new(len(entries))]  # (layer, head, new, place + new)
        kept: list[tuple[np.ndarray, np.ndarray]] = []
        for layer in range(self.shape.interact_layers):
            queries, keys, values = self._projected(hidden)
            kept.append((keys, values))
            if layer + 1 < self.shape.interact_layers:  # nothing reads the states after the last
                keys, values = (
                    np.concatenate([old[layer], new], 1)
                    for old, new in ((timeline.keys, keys), (timeline.values, values))
                )
                attended = softmax(queries @ keys.swapaxes(-1, -2) + biases[layer]) @ values
                hidden = self._finish(hidden, attended)
        empty = np.zeros((0, self.shape.heads, len(entries), self.shape.head_width), dtype=np.float32)
        return NewPlaces(
            keys=np.stack([keys for keys, _ in kept]) if kept else empty,
            values=np.stack([values for _, values in kept]) if kept else empty,
            match_keys=unit(self._product("match.of_event", entries.items)),
            gates=log_sigmoid(self._weights.linear("match.gate", entries.phrases)),
            said=np.tanh(self._weights.linear("match.value", entries.phrases)),
            factors=self._factors(entries.items),
        )

    def score(self, candidates: Entries, timeline: Timeline, depth: int) -> np.ndarray:
        number, missing = self._likeness(candidates, timeline)
        numbers = self._inputs(candidates, number, missing)
        beside = self._weights.linear("matched", self._match(candidates.items, timeline))[:, 0]
        beside = beside + self._weights.linear("wide", numbers)[:, 0] + self._deep(numbers)[:, 0]
        hidden = candidates.items + candidates.phrases + self._small(numbers) + self._weights["kind.weight"][CANDIDATE]
        logits = [self._head(hidden) + beside]
        biases = self._biases[:, :, None, timeline.apart()]  # (layer, head, 1, place)
        for layer in range(depth):
            queries, keys, values = self._projected(hidden)  # (head, candidate, head width)
            to_past = queries @ timeline.keys[layer].swapaxes(-1, -2) + biases[layer]
            to_itself = (queries * keys).sum(-1, keepdims=True) + self._biases[layer, :, None, :1]
            shares = softmax(np.concatenate([to_past, to_itself], -1))
            hidden = self._finish(hidden, shares[..., :-1] @ timeline.values[layer] + shares[..., -1:] * values)
            logits.append(self._head(hidden) + beside)
        return np.stack(logits)

    def close(self) -> None:
        self._weights.clear()

    def _match(self, items: np.ndarray, timeline: Timeline) -> np.ndarray:
        """(candidate, feature): per way of weighing events the best match, the mean value weighted by match, the mean
        match; then 1 where there is no event, and 0 for all others."""
        heads = self.shape.match_heads
        some = np.float32(timeline.events.any())
        cosine = (unit(self._product("match.of_candidate", items)) @ timeline.match_keys.T)[..., None]
        sharp = np.exp(self._weights["match.sharpness"])
        unseen = (timeline.events[:, None] - 1) * -MASKED
        gates = timeline.gates + unseen  # (place, head)
        logits = cosine * sharp + gates  # (candidate, place, head)
        best = log_sum_exp(logits, 1) / sharp
        weighted = (softmax(logits, 1) * timeline.said).sum(1)
        mean = (softmax(gates, 0) * cosine * timeline.said).sum(1)
        features = np.concatenate([best, weighted, mean], -1) * some
        assert features.shape[1] == 3 * heads
        return np.concatenate([features, np.full((len(items), 1), 1 - some, dtype=np.float32)], -1)

    def _likeness(self, candidates: Entries, timeline: Timeline) -> tuple[np.ndarray, np.ndarray]:
        """(candidate,) the number that stands for collaborative filtering, and 1 where it is missing."""
        count = len(candidates)
        events = timeline.events
        if not self.shape.factors or not events.any():
            return np.zeros(count, dtype=np.float32), np.ones(count, dtype=np.float32)
        overall, unit_size = self._weights["likeness.overall"], self._weights["likeness.unit"]
        level = overall + (events * (timeline.liked - overall)).sum() / (events.sum() + np.float32(OVERALL))
        likeness = self._factors(candidates.items) @ timeline.factors.T * unit_size * unit_size * events
        number = likeness @ (timeline.liked - level) / (np.abs(likeness).sum(-1) + np.float32(NO_LIKENESS))
        standard = (number - self._weights["likeness.mean"]) / self._weights["likeness.spread"]
        return np.clip(standard, -CLIP, CLIP), np.zeros(count, dtype=np.float32)

    def _factors(self, items: np.ndarray) -> np.ndarray:
        if not self.shape.factors:
            return np.zeros((len(items), 0), dtype=np.float32)
        return self._weights.linear("likeness.factors", items)

    def _inputs(self, entries: Entries, number: np.ndarray, missing: np.ndarray) -> np.ndarray:
        """(row, input): values, then which are missing; that of likeness is the last of each, if there is one."""
        parts = [entries.numbers, entries.missing]
        if self.shape.factors:
            parts = [entries.numbers, number[:, None], entries.missing, missing[:, None]]
        return np.concatenate(parts, -1)

    def _small(self, numbers: np.ndarray) -> np.ndarray:
        return self._weights.linear("numbers.2", gelu(self._weights.linear("numbers.0", numbers)))

    def _deep(self, numbers: np.ndarray) -> np.ndarray:
        return self._weights.linear("deep.3", gelu(self._weights.linear("deep.0", numbers)))

    def _head(self, hidden: np.ndarray) -> np.ndarray:
        return self._weights.linear("head", self._weights.norm("head_norm", hidden))[:, 0]

    def _product(self, name: str, inputs: np.ndarray) -> np.ndarray:
        product: np.ndarray = inputs @ self._weights[f"{name}.weight"].T
        return product

    def _projected(self, hidden: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(row, hidden) -> three of (head, row, head width); queries divided by the root of that width."""
        heads, width = self.shape.heads, self.shape.head_width
        normed = self._weights.norm(f"{LAYER}.attention_norm", hidden)
        split = self._weights.linear(f"{LAYER}.attention_in", normed).reshape(len(hidden), 3, heads, width)
        queries, keys, values = (split[:, part].swapaxes(0, 1) for part in range(3))
        return queries * np.float32(width**-0.5), keys, values

    def _finish(self, hidden: np.ndarray, attended: np.ndarray) -> np.ndarray:
        """Residual, output projection and feed-forward; `attended` is (head, row, head width)."""
        joined = attended.swapaxes(0, 1).reshape(hidden.shape)
        middle = hidden + self._weights.linear(f"{LAYER}.attention_out", joined)
        normed = self._weights.norm(f"{LAYER}.feed_forward_norm", middle)
        inner = gelu(self._weights.linear(f"{LAYER}.feed_forward_in", normed))
        result: np.ndarray = middle + self._weights.linear(f"{LAYER}.feed_forward_out", inner)
        return result


def unit(vectors: np.ndarray) -> np.ndarray:
    """Of length 1."""
    return vectors / np.maximum(np.sqrt((vectors * vectors).sum(-1, keepdims=True)), NEAR_ZERO)


def log_sigmoid(logits: np.ndarray) -> np.ndarray:
    """The logarithm of the sigmoid, without overflow."""
    return np.minimum(logits, 0) - np.log1p(np.exp(-np.abs(logits)))


def log_sum_exp(logits: np.ndarray, axis: int) -> np.ndarray:
    """The logarithm of a sum of exponentials over one axis; the maximum is subtracted first."""
    greatest = logits.max(axis, keepdims=True)
    return np.log(np.exp(logits - greatest).sum(axis)) + greatest.squeeze(axis)
