"""Candidates that can no longer reach the top stop early; how far behind that is, real requests have told."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge.errors import EdgeError
from edge.metrics import top_overlap

QUANTILES = (*np.arange(0.5, 1.0, 0.02), 0.99, 1.0)


@dataclass(frozen=True)
class Cascade:
    """Who is further behind the `top`-th best than the margin of its exit stops there.

    `agreement`: of the `top` best with those of scoring all at the deepest exit, on requests that the margins were
    not taken from; `work`: the layers of candidates computed for it, as a share of all of them.
    """

    top: int
    margins: Mapping[int, float]  # exit depth -> logits
    agreement: float
    work: float

    def staying(self, exit: int, logits: np.ndarray, padded: Callable[[int], int]) -> np.ndarray:
        """Places in (candidates,) `logits` of those that go on, ascending; `padded` tells how many cost the same."""
        if exit not in self.margins or len(logits) <= self.top:
            return np.arange(len(logits))
        order = np.argsort(-logits, kind="stable")
        threshold = logits[order[self.top - 1]] - self.margins[exit]
        count = int((logits >= threshold).sum())
        return np.sort(order[: padded(count)])


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


def parse_cascade(value: Any) -> Cascade:
    """Of a manifest's {"top": 10, "margins": {"2": 0.3}, "agreement": 0.97, "work": 0.6}. Errors: anything else."""
    try:
        top, margins, shares = value["top"], value["margins"], (value["agreement"], value["work"])
        numbers = {int(exit): float(margin) for exit, margin in margins.items()}
        sound = type(top) is int and top > 0 and all(exit > 0 for exit in numbers)
        sound &= all(0 <= float(figure) < math.inf for figure in (*numbers.values(), *shares))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        sound = False
    if not sound:
        raise EdgeError("a cascade needs a top, margins of its exits, agreement and work", evidence=f"{value!r:.80}")
    return Cascade(top, numbers, float(shares[0]), float(shares[1]))


def cascade_to_json(cascade: Cascade) -> dict[str, Any]:
    """As `parse_cascade` reads it; margins are rounded up."""
    margins = {str(exit): math.ceil(margin * 1e4) / 1e4 for exit, margin in cascade.margins.items()}
    shares = {"agreement": round(cascade.agreement, 4), "work": round(cascade.work, 4)}
    return {"top": cascade.top, "margins": margins, **shares}


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
