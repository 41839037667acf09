"""Which events train, which validate, which test: by time within each user."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cloud.data.log import TEST, TRAIN, VALIDATION
from cloud.data.schema import Split

PROTOCOL = (
    "per user by time: the last {test:.0%} of events (rounded down) are test, {validation:.0%} before them "
    "validation, the rest train"
)


def protocol(split: Split) -> str:
    return PROTOCOL.format(test=split.test, validation=split.validation)


def parts(user: NDArray[np.int32], split: Split) -> NDArray[np.int8]:
    """(event,) TRAIN, VALIDATION or TEST for events ordered by user, then time."""
    counts = np.bincount(user) if len(user) else np.zeros(0, dtype=np.int64)
    starts = np.cumsum(counts) - counts
    left = (starts + counts)[user] - np.arange(len(user))  # events of the user from here to the end, this one included
    test = _share(counts, split.test)[user]
    validation = _share(counts, split.validation)[user]
    part = np.full(len(user), TRAIN, dtype=np.int8)
    part[left <= test + validation] = VALIDATION
    part[left <= test] = TEST
    return part


def _share(counts: NDArray[np.int64], share: float) -> NDArray[np.int64]:
    """Rounded down, without 0.1 * 30 = 2.9999 becoming 2."""
    return np.floor(counts * share + 1e-9).astype(np.int64)
