"""How many tokens the texts of a log have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.text.wordpiece import UNKNOWN


def token_counts(shown: Mapping[str, tuple[Sequence[Sequence[int]], NDArray[np.int32]]]) -> dict[str, Any]:
    """Kind -> {mean, p95, max} of tokens over the rows, and the `unknown_share` of all tokens.

    `shown`: kind -> the tokens of its texts, and (row,) which text a row shows.
    """
    spreads: dict[str, Any] = {}
    total = unknown = 0
    for kind, (texts, places) in shown.items():
        lengths = np.array([len(tokens) for tokens in texts], dtype=np.int64)
        unknowns = np.array([list(tokens).count(UNKNOWN) for tokens in texts], dtype=np.int64)
        spreads[kind] = _spread(lengths[places])
        total, unknown = total + int(lengths[places].sum()), unknown + int(unknowns[places].sum())
    return spreads | {"unknown_share": round(unknown / total, 6) if total else 0.0}


def _spread(counts: NDArray[np.int64]) -> dict[str, float]:
    if not len(counts):
        return {"mean": 0.0, "p95": 0, "max": 0}
    mean, high = round(float(np.mean(counts)), 1), int(np.percentile(counts, 95, method="higher"))
    return {"mean": mean, "p95": high, "max": int(counts.max())}
