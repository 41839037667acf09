"""The exit by which a model is judged: the one that answers requests without limits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

Exits = Mapping[str, Mapping[str, Mapping[str, Any]]]  # "encode 1" -> "2" -> metric -> figure
Quality = Mapping[str, Exits]  # by split


def best_exit(quality: Quality) -> tuple[int, int]:
    """Encode and interact depth with the highest AUC on validation rows; of equals, or where it is not known, the
    deepest. `quality` is that of a run's summary."""
    exits = by_exit(quality["validation"], "auc")
    return max(exits, key=lambda exit: (_known(exits[exit]), exit))


def best_figures(quality: Quality) -> Mapping[str, Any]:
    """Of test rows at the best exit: metric -> figure."""
    encode, interact = best_exit(quality)
    return quality["test"][f"encode {encode}"][str(interact)]


def by_exit(exits: Exits, metric: str) -> dict[tuple[int, int], float | None]:
    """(encode depth, interact depth) -> figure."""
    return {
        (encode_depth(encode), int(interact)): figures[metric]
        for encode, by_depth in exits.items()
        for interact, figures in by_depth.items()
    }


def encode_depth(name: str) -> int:
    """Of "encode 1"."""
    return int(name.rpartition(" ")[2])


def _known(auc: float | None) -> float:
    return -1.0 if auc is None or math.isnan(auc) else auc
