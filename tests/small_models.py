"""Models that run in a blink, with weights large enough for every part to matter, and requests for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from cloud.data.requests import EncodedRequest
from cloud.model import Encoder, ModelConfig
from cloud.packing import pack
from edge.text.wordpiece import BOS, BOS_USER, EOS, EOS_USER

torch.set_num_threads(1)

VOCABULARY = 120
Segment = tuple[int, ...]


def shape(**changes: Any) -> ModelConfig:
    plain: dict[str, Any] = {
        "vocabulary_size": VOCABULARY, "hidden_size": 32, "heads": 4, "layers": 3, "embedding_size": 16,
        "slots": 13, "positions": 16,
    }  # fmt: skip
    return ModelConfig(**(plain | changes))


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
def scores_of(model: Encoder, user: tuple[Segment, ...], candidates: tuple[Segment, ...]) -> np.ndarray:
    """(candidates,), all in one sequence."""
    scores: np.ndarray = model(pack([(user, candidates)])).numpy()
    return scores
