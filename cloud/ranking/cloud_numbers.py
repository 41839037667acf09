"""A number that only the cloud can know: a teacher ranks with it, its students do not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cloud.data.collaborative import collaborative
from cloud.data.moments import screens
from cloud.data.rows import Prepared


def collaborative_number(prepared: Prepared) -> NDArray[np.float32]:
    """(row, 1) item-item CF, standardised over training rows; NaN where the user has no earlier row.

    It is fitted on training rows, and a training row's own user is left out of what scores it: a likeness fitted on
    the rows that it predicts tells their labels.
    """
    user, item, value, time = map(prepared.column, ("user", "item", "value", "time"))
    train = np.zeros(len(user), dtype=bool)
    train[prepared.part("train")] = True
    seen = screens(user, time)
    score = collaborative(user, item, value.astype(np.float64), train, seen)
    first = np.searchsorted(user, user)  # rows are ordered by user
    known = seen > first
    fitted = score[train & known]
    spread = float(fitted.std()) if len(fitted) else 0.0
    centred = (score - float(fitted.mean() if len(fitted) else 0.0)) / (spread or 1.0)
    return np.where(known, centred, np.nan).astype(np.float32)[:, None]
