"""Requests of a given size in token ids, and their scores by an engine: what speed is measured on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from cloud.torch_engine import TorchEngine
from edge.bundle.shape import Shape
from edge.engines.litert import LiteRtEngine
from edge.engines.onnx import OnnxEngine
from edge.engines.protocol import Engine
from edge.runtime.scoring import Stepped, logits_at
from edge.runtime.segment_cache import SegmentCache
from edge.runtime.user_side import UserSide
from export.buckets import Buckets
from export.models import write_models

from cloud.model import Encoder
from edge.text.sequence import CLOSING, Segment

ENGINES: dict[str, Callable[[Path, Shape], Engine]] = {"litert": LiteRtEngine, "onnx": OnnxEngine}
EVENT_TOKENS = 16  # a past behaviour's share of the user's tokens, profile and closing included
FIRST_WORD, LAST_WORD = 100, 24_000
CACHE_BYTES = 64_000_000  # every segment is kept


@dataclass(frozen=True)
class Request:
    """Random ids; what they are does not change the cost."""

    user: tuple[Segment, ...]
    candidates: tuple[Segment, ...]


def synthetic_request(candidates: int, candidate_tokens: int, events: int) -> Request:
    """The same at every call."""
    random = np.random.default_rng(0)
    words = random.integers(FIRST_WORD, LAST_WORD, user_tokens(events) - len(CLOSING))
    user = [tuple(map(int, part)) for part in np.array_split(words, events + 1)]
    items = random.integers(FIRST_WORD, LAST_WORD, (candidates, candidate_tokens))
    return Request((*user, CLOSING), tuple(tuple(map(int, item)) for item in items))


def user_tokens(events: int) -> int:
    return EVENT_TOKENS * max(events, 1)


def open_engines(model: Encoder, buckets: Buckets, names: Sequence[str], directory: Path) -> dict[str, Engine]:
    """Exported to `directory` and opened, each on one thread."""
    write_models(model, buckets, directory)
    shape = TorchEngine(model).shape
    return {name: ENGINES[name](directory / name, shape) for name in names}


def new_user(engine: Engine, request: Request, handover: int = 0) -> UserSide:
    """Nothing of it is computed yet."""
    return UserSide(engine, request.user, handover, SegmentCache(CACHE_BYTES))


def kept_user(engine: Engine, request: Request, depth: int, handover: int = 0) -> UserSide:
    """Computed to `depth`, and the segments of user and candidates where the plan keeps them."""
    user = new_user(engine, request, handover)
    score(user, request, depth)
    return user


def score(user: UserSide, request: Request, depth: int) -> np.ndarray:
    """(candidates,) logits at `depth`, computed as a request that ends there."""
    return logits_at(user.engine, Stepped(user.engine, user, request.candidates, user.cache), [depth])[depth]
