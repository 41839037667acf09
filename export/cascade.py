"""Which candidates may stop early, told from the exits' scores on validation requests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cloud.data.requests import load_requests
from cloud.model import Encoder
from cloud.runs.directory import Run
from cloud.torch_engine import TorchEngine
from edge.arguments import check_share
from edge.bundle.cascade import cascade_to_json
from edge.config import check_counts, setting
from edge.engines.opening import open_engine
from edge.engines.protocol import Engine
from edge.runtime.cascade import fit_cascade
from edge.runtime.scoring import Stepped, logits_at
from edge.runtime.segment_cache import SegmentCache
from edge.runtime.user_side import UserSide
from edge.text.checks import MAX_CANDIDATES
from edge.text.sequence import Segment

ENGINE = "litert"  # whose scores the margins are taken from; the others' agree


@dataclass(frozen=True)
class CascadeConfig:
    """Users of the validation split, each with candidates drawn at random from all of them."""

    top: int = 10
    candidates: int = 50
    requests: int = 80  # half of them for the margins, half to judge them; 0 fits no cascade
    agreement: float = 0.97  # wanted of the top, where the margins are taken from

    def __post_init__(self) -> None:
        check_counts(self, top=(1, MAX_CANDIDATES), candidates=(2, MAX_CANDIDATES), requests=(0, 10**6))
        check_share(setting("agreement"), self.agreement, fix="choose a number in that range")


def cascades(prepared: Run, model: Encoder, models: Path, config: CascadeConfig) -> list[dict[str, Any]]:
    """For the manifest; none if there is too little to tell from: one exit, few requests or few candidates."""
    exits, requests = model.config.exit_depths, load_requests(prepared, "validation")[: config.requests]
    pool = sorted({candidate for request in requests for candidate in request.candidates})
    if len(exits) < 2 or len(requests) < 2 or len(pool) <= config.top:
        return []
    random, engine = np.random.default_rng(0), open_engine(ENGINE, models, TorchEngine(model).shape)
    scored = []
    for request in requests:
        drawn = random.choice(len(pool), min(config.candidates, len(pool)), replace=False)
        scored.append(_exits(engine, request.segments, [pool[place] for place in drawn], exits))
    fitted = fit_cascade(scored, config.top, config.agreement, engine.padded_candidates)
    engine.close()
    return [cascade_to_json(fitted)]


def _exits(
    engine: Engine, user: tuple[Segment, ...], candidates: list[Segment], exits: tuple[int, ...]
) -> dict[int, np.ndarray]:
    """Exit depth -> (candidates,) logits under the prefix plan."""
    cache = SegmentCache()
    return logits_at(engine, Stepped(engine, UserSide(engine, user, 0, cache), candidates, cache), exits)
