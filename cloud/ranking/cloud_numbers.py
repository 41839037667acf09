"""Item-item collaborative filtering as a number of every row, from a table of items that only the cloud has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cloud.data.collaborative import collaborative
from cloud.data.moments import screens
from cloud.data.rows import Prepared
from edge.text.number import CLIP


@dataclass(frozen=True)
class CollaborativeNumber:
    """`column`: (row, 1), standardised by `mean` and `spread` over training rows; NaN where the user has no earlier
    event. `overall`: the mean value of training rows."""

    column: NDArray[np.float32]
    mean: float
    spread: float
    overall: float


def collaborative_number(prepared: Prepared) -> CollaborativeNumber:
    """It is fitted on training rows, and a training row's own user is left out of what scores it: a likeness fitted on
    the rows that it predicts tells their labels.
    """
    user, item, value, event, earlier, time = map(
        prepared.column, ("user", "item", "value", "event", "earlier", "time")
    )
    train = np.zeros(len(user), dtype=bool)
    train[prepared.part("train")] = True
    values, seen = value.astype(np.float64), screens(user, time)
    score = collaborative(user, item, values, train, seen, neighbours=None, past=event.astype(bool))
    known = earlier > 0
    fitted = score[train & known]
    mean, spread = (float(fitted.mean()), float(fitted.std()) or 1.0) if len(fitted) else (0.0, 1.0)
    standard = np.clip((score - mean) / spread, -CLIP, CLIP)  # as a phone limits what it computes from factors
    column = np.where(known, standard, np.nan).astype(np.float32)[:, None]
    return CollaborativeNumber(column, mean, spread, float(values[train].mean()))
