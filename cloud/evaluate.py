"""Quality of a model on requests it never trained on, computed by the cached forms that a phone runs."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from tqdm import tqdm

from cloud.attention import Plan
from cloud.data.requests import EncodedRequest
from cloud.device import torch_threads
from edge.engines.protocol import Engine
from edge.metrics import summarise
from edge.runtime.scoring import Stepped, logits_at
from edge.runtime.segment_cache import SegmentCache
from edge.runtime.user_side import UserSide

CHUNK = 16  # candidates scored together, of similar length


def score_requests(
    engines: Sequence[Engine],
    requests: Sequence[EncodedRequest],
    plan: Plan,
    depths: tuple[int, ...],
    name: str,
) -> np.ndarray:
    """Logits, (depths, rows), rows in the order of the requests' candidates.

    One thread per engine: small matrices gain more from two requests at once than from two threads in each.
    Each takes every n-th request with a cache of its own, so that figures do not depend on who was faster.
    """
    count = len(engines)
    parts: list[np.ndarray] = [np.empty(0)] * len(requests)
    title = f"measuring {name}, {plan.name} plan"
    with (
        tqdm(total=len(requests), desc=title, unit="request", mininterval=1.0) as progress,
        torch_threads(1),
        ThreadPoolExecutor(count) as pool,
    ):

        def score_share(first: int) -> None:
            cache = SegmentCache()
            for place in range(first, len(requests), count):
                parts[place] = _score_request(engines[first], cache, requests[place], plan, depths)
                progress.update()

        list(pool.map(score_share, range(count)))
    return np.concatenate(parts, axis=1)


def _score_request(
    engine: Engine, cache: SegmentCache, request: EncodedRequest, plan: Plan, depths: tuple[int, ...]
) -> np.ndarray:
    """(depths, candidates)"""
    user = UserSide(engine, request.segments, plan.handover, cache)
    order = sorted(range(len(request.candidates)), key=lambda index: len(request.candidates[index]))
    logits = np.empty((len(depths), len(order)), dtype=np.float32)
    for start in range(0, len(order), CHUNK):
        chunk = order[start : start + CHUNK]
        candidates = Stepped(engine, user, [request.candidates[index] for index in chunk], cache)
        for depth, scores in logits_at(engine, candidates, depths).items():
            logits[depths.index(depth), chunk] = scores
    return logits


def evaluate(
    engines: Sequence[Engine],
    requests: Sequence[EncodedRequest],
    plan: Plan,
    depths: tuple[int, ...],
    name: str,
) -> dict[str, dict[str, float]]:
    """Exit depth (as text) -> AUC, per-user AUC, NDCG@10, log loss."""
    logits = score_requests(engines, requests, plan, depths, name)
    labels = np.concatenate([request.labels for request in requests])
    users = np.concatenate([np.full(len(request.labels), request.user) for request in requests])
    return {str(depth): summarise(row, labels, users) for depth, row in zip(depths, logits, strict=True)}
