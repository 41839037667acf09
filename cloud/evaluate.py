"""Quality of the full model on requests that it never trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from tqdm import tqdm

from cloud.batches import in_batches
from cloud.data.requests import EncodedRequest
from cloud.device import on_device
from cloud.model import Encoder
from cloud.packing import pack
from edge.metrics import summarise

BATCH_TOKENS = 4_096


def score_requests(model: Encoder, requests: Sequence[EncodedRequest], name: str) -> np.ndarray:
    """Logits, (rows,), in the order of the requests' candidates, on the device that holds the model."""
    parts: list[np.ndarray] = [np.empty(0)] * len(requests)
    device = model.head_norm.weight.device
    with (
        torch.inference_mode(),
        tqdm(total=len(requests), desc=f"measuring {name}", unit="request", mininterval=1.0) as progress,
    ):
        for places in in_batches(requests, BATCH_TOKENS):
            chosen = [requests[place] for place in places]
            packed = pack([(request.segments, request.candidates) for request in chosen])
            logits = model(on_device(packed, device)).float().cpu().numpy()
            ends = np.cumsum([len(request.candidates) for request in chosen])[:-1]
            for place, part in zip(places, np.split(logits, ends), strict=True):
                parts[place] = part
            progress.update(len(places))
    return np.concatenate(parts)


def evaluate(model: Encoder, requests: Sequence[EncodedRequest], name: str) -> dict[str, float]:
    """AUC, per-user AUC, NDCG@10, log loss."""
    logits = score_requests(model, requests, name)
    labels = np.concatenate([request.labels for request in requests])
    users = np.concatenate([np.full(len(request.labels), request.user) for request in requests])
    return summarise(logits, labels, users)
