"""Quality of a model on a split: per exit depth and plan, on requests it never trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from tqdm import tqdm

from cloud.attention import Plan
from cloud.batches import label_batch
from cloud.data.requests import EncodedRequest
from cloud.model import Encoder
from edge.metrics import summarise


def score_requests(
    model: Encoder, requests: Sequence[EncodedRequest], plan: Plan, depths: tuple[int, ...], batch_tokens: int = 8192
) -> np.ndarray:
    """Logits, (depths, rows), rows in the order of the requests' candidates."""
    order = sorted(range(len(requests)), key=lambda index: sum(map(len, requests[index].candidates)))
    logits: list[np.ndarray] = [np.empty(0)] * len(requests)
    group: list[int] = []
    longest = 0
    with torch.inference_mode(), tqdm(total=len(requests), desc="evaluating", unit="request", leave=False) as bar:
        for place, index in enumerate(order):
            group.append(index)
            longest = max(longest, sum(map(len, requests[index].segments + requests[index].candidates)))
            if longest * (len(group) + 1) > batch_tokens or place == len(order) - 1:
                scored = model(label_batch([requests[i] for i in group]).packed, plan, depths).float().numpy()
                ends = np.cumsum([len(requests[i].candidates) for i in group])
                for member, part in zip(group, np.split(scored, ends[:-1], axis=1), strict=True):
                    logits[member] = part
                bar.update(len(group))
                group, longest = [], 0
    return np.concatenate(logits, axis=1)


def evaluate(model: Encoder, requests: Sequence[EncodedRequest], plan: Plan) -> dict[str, dict[str, float]]:
    """Exit depth (as text) -> AUC, per-user AUC, NDCG@10, log loss."""
    depths = plan.exits(model.config.exit_depths)
    logits = score_requests(model, requests, plan, depths)
    labels = np.concatenate([request.labels for request in requests])
    users = np.concatenate([np.full(len(request.labels), request.user) for request in requests])
    return {str(depth): summarise(row, labels, users) for depth, row in zip(depths, logits, strict=True)}
