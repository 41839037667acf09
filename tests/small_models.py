"""Models that run in a blink, with weights large enough for every part to matter, and requests for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from cloud.torch_engine import TorchEngine
from edge.runtime.scoring import Stepped, logits_at
from edge.runtime.segment_cache import SegmentCache
from edge.runtime.user_side import UserSide
from torch import nn

from cloud.attention import FULL, PREFIX, Plan, segments_plan
from cloud.data.requests import EncodedRequest
from cloud.model import Encoder, ModelConfig
from cloud.packing import pack
from edge.text.wordpiece import BOS, BOS_USER, EOS, EOS_USER

torch.set_num_threads(1)

VOCABULARY = 120
Segment = tuple[int, ...]


def shape(**changes: Any) -> ModelConfig:
    plain: dict[str, Any] = {
        "vocabulary_size": VOCABULARY, "hidden_size": 32, "heads": 4, "layers": 4, "embedding_size": 16,
        "shared": True, "exits": "every", "handover": 2, "slots": 13, "positions": 16,
    }  # fmt: skip
    return ModelConfig(**(plain | changes))


def teacher_shape(**changes: Any) -> ModelConfig:
    return shape(**({"shared": False, "exits": "last", "handover": 0, "embedding_size": 32, "layers": 3} | changes))


def make_model(config: ModelConfig | None = None, seed: int = 0) -> Encoder:
    """Random in every weight: a fresh encoder's norms do nothing, its biases are zero, its slots next to it."""
    torch.manual_seed(seed)
    model = Encoder(config or shape())
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Embedding):
                module.weight.normal_(std=0.5)
            elif isinstance(module, nn.Linear | nn.LayerNorm):
                module.bias.normal_(std=0.2)
            if isinstance(module, nn.LayerNorm):
                module.weight.normal_(mean=1.0, std=0.3)
    return model.eval()


def make_user(random: np.random.Generator, events: int = 4, longest: int = 6) -> tuple[Segment, ...]:
    inner = [_words(random, int(random.integers(1, longest + 1))) for _ in range(events)]
    return ((BOS_USER, *_words(random, 3)), *inner, (EOS_USER,))


def make_candidates(random: np.random.Generator, count: int = 5, longest: int = 7) -> tuple[Segment, ...]:
    return tuple((BOS, *_words(random, int(random.integers(1, longest + 1))), EOS) for _ in range(count))


def make_requests(count: int, seed: int = 0, candidates: int = 4) -> list[EncodedRequest]:
    random = np.random.default_rng(seed)
    return [
        EncodedRequest(
            user=f"u{number}",
            time=number,
            segments=make_user(random, int(random.integers(0, 7))),
            candidates=make_candidates(random, candidates),
            items=tuple(f"i{place}" for place in range(candidates)),
            labels=random.integers(0, 2, candidates).astype(np.int8),
        )
        for number in range(count)
    ]


def _words(random: np.random.Generator, count: int) -> Segment:
    return tuple(random.integers(7, VOCABULARY, count).tolist())


@torch.inference_mode()
def scores_alone(model: Encoder, user: tuple[Segment, ...], candidates: tuple[Segment, ...]) -> np.ndarray:
    """(layers, candidates) under the full plan: each candidate in a sequence of its own."""
    depths = tuple(range(1, model.config.layers + 1))
    return torch.cat([model(pack([(user, [one])]), FULL, depths) for one in candidates], 1).numpy()


@torch.inference_mode()
def scores_packed(
    model: Encoder, user: tuple[Segment, ...], candidates: tuple[Segment, ...], plan: Plan = PREFIX
) -> np.ndarray:
    """(depths beyond the hand-over, candidates), all candidates in one sequence, by masks."""
    depths = plan.exits(tuple(range(1, model.config.layers + 1)))
    return model(pack([(user, candidates)]), plan, depths).numpy()


def scores_masked(model: Encoder, user: tuple[Segment, ...], candidates: tuple[Segment, ...]) -> np.ndarray:
    return scores_packed(model, user, candidates, segments_plan(model.config.handover))


def scores_cached(
    model: Encoder,
    user: tuple[Segment, ...],
    candidates: tuple[Segment, ...],
    handover: int = 0,
    cache: SegmentCache | None = None,
) -> np.ndarray:
    """(depths beyond the hand-over, candidates) by the form that a phone runs."""
    engine, cache = TorchEngine(model), SegmentCache() if cache is None else cache
    stepped = Stepped(engine, UserSide(engine, user, handover, cache), candidates, cache)
    return np.stack(list(logits_at(engine, stepped, range(handover + 1, model.config.layers + 1)).values()))
