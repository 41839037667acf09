"""A ranking model of random float weights, and what reads requests for it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from edge.engines.reference import ReferenceEngine
from edge.engines.shape import ModelShape
from edge.runtime.user_timeline import Reading
from edge.text.number import Number
from edge.text.segments import SegmentEncoder
from edge.text.sequence import TextEncoder
from edge.text.spec import TextSpec
from edge.text.wordpiece import SPECIAL_TOKENS

WORDS = ("red", "green", "blue", "sea", "film", "of", "liked", "not", "old", "new")
SHAPE = ModelShape(
    hidden=8, heads=2, encode_depths=(1, 2), interact_layers=2, positions=5, places=7, numbers=2, distances=6,
    match_size=4, match_heads=2, factors=3,
)  # fmt: skip
SPEC = TextSpec(
    profile="{kind}", item="{title}", event="[[liked {liked}]]", context="[[{age} film]]",
    numbers=(Number("year", of="item.year"), Number("events", history="count", transform="log1p")),
    max_segment_tokens=5, max_user_tokens=20,
)  # fmt: skip


def random_weights(
    shape: ModelShape = SHAPE, words: int = 30, embedding: int = 4, seed: int = 0
) -> dict[str, np.ndarray]:
    chance, hidden, inner = np.random.default_rng(seed), shape.hidden, 2 * shape.hidden
    inputs = 2 * (shape.numbers + bool(shape.factors))
    sizes: Mapping[str, tuple[int, ...]] = {
        "token.weight": (words, embedding), "position.weight": (shape.positions, embedding),
        "widen.weight": (hidden, embedding), "widen.bias": (hidden,),
        "kind.weight": (3, hidden), "distance": (max(shape.interact_layers, 1), shape.heads, shape.distances),
        "numbers.0.weight": (4, inputs), "numbers.0.bias": (4,), "numbers.2.weight": (hidden, 4),
        "numbers.2.bias": (hidden,), "wide.weight": (1, inputs), "wide.bias": (1,), "deep.0.weight": (6, inputs),
        "deep.0.bias": (6,), "deep.3.weight": (1, 6), "deep.3.bias": (1,),
        "match.of_candidate.weight": (shape.match_size, hidden), "match.of_event.weight": (shape.match_size, hidden),
        "match.gate.weight": (shape.match_heads, hidden), "match.gate.bias": (shape.match_heads,),
        "match.value.weight": (shape.match_heads, hidden), "match.value.bias": (shape.match_heads,),
        "match.sharpness": (shape.match_heads,), "matched.weight": (1, 3 * shape.match_heads + 1),
        "matched.bias": (1,), "head.weight": (1, hidden), "head.bias": (1,),
        "layers.0.attention_in.weight": (3 * hidden, hidden), "layers.0.attention_in.bias": (3 * hidden,),
        "layers.0.attention_out.weight": (hidden, hidden), "layers.0.attention_out.bias": (hidden,),
        "layers.0.feed_forward_in.weight": (inner, hidden), "layers.0.feed_forward_in.bias": (inner,),
        "layers.0.feed_forward_out.weight": (hidden, inner), "layers.0.feed_forward_out.bias": (hidden,),
        "likeness.factors.weight": (shape.factors, hidden), "likeness.factors.bias": (shape.factors,),
    }  # fmt: skip
    weights = {name: chance.normal(0, 0.5, size).astype(np.float32) for name, size in sizes.items()}
    norms = {"embedding_norm": embedding} | dict.fromkeys(
        ("summary_norm", "head_norm", "layers.0.attention_norm", "layers.0.feed_forward_norm"), hidden
    )
    for name, size in norms.items():
        weights |= {f"{name}.weight": np.ones(size, np.float32), f"{name}.bias": np.zeros(size, np.float32)}
    constants = {"unit": 1.0, "overall": 0.5, "mean": 0.0, "spread": 0.5}
    return weights | {f"likeness.{name}": np.array(value, dtype=np.float32) for name, value in constants.items()}


def random_engine(shape: ModelShape = SHAPE, seed: int = 0) -> ReferenceEngine:
    return ReferenceEngine(random_weights(shape, seed=seed), shape)


def reading() -> Reading:
    encoder = TextEncoder(SPEC, [*SPECIAL_TOKENS, *WORDS])
    return Reading(SegmentEncoder(encoder), SPEC.numbers, "liked")
