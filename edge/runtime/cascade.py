"""The margins of a cascade, from requests whose every score is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from edge.bundle.cascade import Cascade
from edge.metrics import top_overlap

QUANTILES = (*np.arange(0.5, 1.0, 0.02), 0.99, 1.0)


def fit_cascade(
    requests: Sequence[Mapping[int, np.ndarray]], top: int, wanted: float, padded: Callable[[int], int]
) -> Cascade:
    """Margins from every other request, exit depth -> (candidates,) logits, agreement from the rest.

    The smallest margins at which the agreement on the requests they are taken from is at least `wanted`.
    """
    fitting, judging = requests[::2], requests[1::2]
    exits = sorted(requests[0])
    needed = {exit: np.sort([_needed(request, exit, exits[-1], top) for request in fitting]) for exit in exits[:-1]}
    for quantile in QUANTILES:
        margins = {exit: float(np.quantile(values, quantile)) for exit, values in needed.items()}
        cascade = Cascade(top, margins, 1.0, 1.0)
        agreement, _ = _judge(cascade, fitting, padded)
        if agreement >= wanted:
            break
    agreement, work = _judge(cascade, judging, padded)
    return Cascade(top, cascade.margins, agreement, work)


def _needed(request: Mapping[int, np.ndarray], exit: int, deepest: int, top: int) -> float:
    """How far the last of the true top stands behind the `top`-th best at an exit, in logits."""
    true = np.argsort(-request[deepest], kind="stable")[:top]
    threshold = np.sort(request[exit])[::-1][min(top, len(request[exit])) - 1]
    return max(float(threshold - request[exit][true].min()), 0.0)


def _judge(
    cascade: Cascade, requests: Sequence[Mapping[int, np.ndarray]], padded: Callable[[int], int]
) -> tuple[float, float]:
    """Mean agreement of the top, and the share of the candidates' layers computed."""
    overlaps, computed, all_layers = [], 0, 0
    for request in requests:
        exits = sorted(request)
        logits, depths = np.zeros_like(request[exits[-1]]), np.zeros(len(request[exits[-1]]))
        alive, before = np.arange(len(logits)), 0
        for exit in exits:
            computed += padded(len(alive)) * (exit - before)
            all_layers += padded(len(logits)) * (exit - before)
            logits[alive], depths[alive], before = request[exit][alive], exit, exit
            if exit < exits[-1]:
                alive = alive[cascade.staying(exit, logits[alive], padded)]
        ranks = np.empty(len(logits))
        ranks[np.lexsort((-logits, -depths))] = -np.arange(len(logits))
        overlaps.append(top_overlap(request[exits[-1]], ranks, cascade.top))
    return float(np.mean(overlaps)), computed / all_layers
