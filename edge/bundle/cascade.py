"""Candidates that can no longer reach the top stop early; how far behind that is, real requests have told."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge.bundle.values import is_count, is_number
from edge.errors import EdgeError

_DEPTH = re.compile(r"[1-9][0-9]{0,3}")  # one way to write it


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
    if not isinstance(value, dict) or not is_count(value.get("top"), least=1):
        raise EdgeError("a cascade needs a top of 1 or more")
    margins = value.get("margins")
    if not isinstance(margins, dict) or not all(_DEPTH.fullmatch(exit) for exit in margins):
        raise EdgeError('a cascade needs margins by exit, as in {"2": 0.3}')
    if not all(is_number(margin) and margin >= 0 for margin in margins.values()):
        raise EdgeError("a cascade's margins must be finite numbers of 0 or more")
    for name in ("agreement", "work"):
        if not is_number(value.get(name)) or not 0 <= value[name] <= 1:
            raise EdgeError(f"a cascade's {name} must be a number from 0 to 1")
    numbers = {int(exit): float(margin) for exit, margin in margins.items()}
    return Cascade(value["top"], numbers, float(value["agreement"]), float(value["work"]))


def cascade_to_json(cascade: Cascade) -> dict[str, Any]:
    """As `parse_cascade` reads it; margins are rounded up."""
    margins = {str(exit): math.ceil(margin * 1e4) / 1e4 for exit, margin in cascade.margins.items()}
    shares = {"agreement": round(cascade.agreement, 4), "work": round(cascade.work, 4)}
    return {"top": cascade.top, "margins": margins, **shares}
