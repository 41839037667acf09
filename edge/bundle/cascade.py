"""Candidates that can no longer reach the top stop early; how far behind that is, real requests have told."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge.errors import EdgeError


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
