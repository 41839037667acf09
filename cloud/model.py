"""The full model: every token of the user's segments and of a candidate in one sequence (M6-Rec, section 3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cloud.attention import attention_masks
from cloud.limits import MOST_LAYERS, MOST_TOKENS, MOST_WIDTH
from cloud.packing import Packed
from edge.config import check_counts, setting
from edge.errors import EdgeError
from edge.text.spec import MOST_EVENTS, MOST_SEGMENT_TOKENS


@dataclass(frozen=True)
class ModelConfig:
    """Shape of an encoder."""

    vocabulary_size: int
    hidden_size: int
    heads: int
    layers: int
    embedding_size: int  # below hidden_size the embedding is factorised, as in ALBERT
    handover: int = 0  # layers that see each segment alone: late interaction (section 3.3)
    slots: int = 23  # segment embeddings: profile, candidate, closing, then events from the newest
    positions: int = 32  # tokens in the longest segment
    feed_forward: int = 4  # width of the feed-forward part, in hidden sizes

    def __post_init__(self) -> None:
        check_counts(self, vocabulary_size=(1, MOST_TOKENS), hidden_size=(1, MOST_WIDTH), heads=(1, MOST_WIDTH))
        check_counts(self, layers=(1, MOST_LAYERS), embedding_size=(1, MOST_WIDTH), handover=(0, MOST_LAYERS))
        check_counts(self, feed_forward=(1, 64), slots=(3, MOST_EVENTS + 3), positions=(1, MOST_SEGMENT_TOKENS))
        if self.hidden_size % self.heads:
            raise EdgeError(
                f"{setting('heads')}={self.heads} does not divide {setting('hidden_size')}={self.hidden_size}",
                fix=f"set {setting('hidden_size')} to a multiple of {setting('heads')}",
            )
        if self.handover >= self.layers:
            raise EdgeError(
                f"{setting('handover')}={self.handover} leaves none of {setting('layers')}={self.layers} "
                "layers to see all segments",
                fix=f"--set {setting('handover')}=N with N below {self.layers}; with 0, every layer reads all segments",
            )


class Layer(nn.Module):
    """One pre-norm transformer layer."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        hidden, inner = config.hidden_size, config.hidden_size * config.feed_forward
        self.heads = config.heads
        self.attention_norm = nn.LayerNorm(hidden)
        self.attention_in = nn.Linear(hidden, 3 * hidden)  # queries, keys, values
        self.attention_out = nn.Linear(hidden, hidden)
        self.feed_forward_norm = nn.LayerNorm(hidden)
        self.feed_forward_in = nn.Linear(hidden, inner)
        self.feed_forward_out = nn.Linear(inner, hidden)

    def queries_keys_values(self, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(batch, seq, hidden) -> three of (batch, heads, seq, head width)."""
        batch, seq, width = hidden.shape
        projected = self.attention_in(self.attention_norm(hidden))  # (batch, seq, 3 * hidden)
        split = projected.view(batch, seq, 3, self.heads, width // self.heads)
        queries, keys, values = split.permute(2, 0, 3, 1, 4).unbind(0)
        return queries, keys, values

    def finish(self, hidden: Tensor, attended: Tensor) -> Tensor:
        """Residual, output projection and feed-forward; `attended` is (batch, heads, seq, head width)."""
        hidden = hidden + self.attention_out(attended.transpose(1, 2).flatten(2))
        inner = F.gelu(self.feed_forward_in(self.feed_forward_norm(hidden)))
        return hidden + self.feed_forward_out(inner)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """`mask` is additive, (batch, 1, seq, seq): 0 where a query may look, very negative elsewhere."""
        queries, keys, values = self.queries_keys_values(hidden)
        return self.finish(hidden, F.scaled_dot_product_attention(queries, keys, values, attn_mask=mask))


class Encoder(nn.Module):
    """Token segments in, one score per candidate out."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.token = nn.Embedding(config.vocabulary_size, config.embedding_size)
        self.position = nn.Embedding(config.positions, config.embedding_size)
        self.embedding_norm = nn.LayerNorm(config.embedding_size)
        factorised = config.embedding_size != config.hidden_size
        self.widen = nn.Linear(config.embedding_size, config.hidden_size) if factorised else nn.Identity()
        self.slot = nn.Embedding(config.slots, config.hidden_size)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.head_norm = nn.LayerNorm(config.hidden_size)
        self.head = nn.Linear(config.hidden_size, 1)
        self.apply(self._initialise)

    def _initialise(self, module: nn.Module) -> None:
        if isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=0.1)
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.5 * module.in_features**-0.5)
            nn.init.zeros_(module.bias)

    def layer(self, depth: int) -> Layer:
        """The layer that takes depth - 1 to `depth`, counted from 1."""
        found = self.layers[depth - 1]
        assert isinstance(found, Layer)
        return found

    def embed(self, tokens: Tensor, positions: Tensor) -> Tensor:
        """(batch, seq) ids and places within their segment -> (batch, seq, hidden), not yet placed by slot."""
        embedded: Tensor = self.widen(self.embedding_norm(self.token(tokens) + self.position(positions)))
        return embedded

    def place(self, hidden: Tensor, slots: Tensor) -> Tensor:
        """The hand-over: adds to each token the embedding of its segment in the request."""
        placed: Tensor = hidden + self.slot(slots)
        return placed

    def score(self, hidden: Tensor) -> Tensor:
        """(..., hidden) states at the final [EOS] -> (...) logits."""
        logits: Tensor = self.head(self.head_norm(hidden)).squeeze(-1)
        return logits

    def states(self, packed: Packed) -> Iterator[Tensor]:
        """The hidden states, (batch, seq, hidden), at depth 0, 1, ... layers."""
        alone, together = attention_masks(packed)
        hidden = self.embed(packed.tokens, packed.positions)
        for depth in range(self.config.layers + 1):
            if depth == self.config.handover:
                hidden = self.place(hidden, packed.slots)
            yield hidden
            if depth < self.config.layers:
                hidden = self.layer(depth + 1)(hidden, alone if depth < self.config.handover else together)

    def forward(self, packed: Packed) -> Tensor:
        """Logits, (candidates,), in the order in which the candidates are packed."""
        *_, hidden = self.states(packed)
        return self.score(packed.at_ends(hidden))

    def token_logits(self, hidden: Tensor) -> Tensor:
        """(..., hidden) -> (..., vocabulary): the embedding, read backwards. The scoring head has no part in it."""
        narrowed = F.layer_norm(hidden, hidden.shape[-1:])
        if isinstance(self.widen, nn.Linear):
            narrowed = narrowed @ self.widen.weight  # (..., embedding)
        return narrowed @ self.token.weight.T


def count_parameters(config: ModelConfig) -> int:
    """Weights and biases of that shape, without allocating them."""
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in Encoder(config).parameters())
