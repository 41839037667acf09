"""How far apart two entries stand, as buckets. Normative: ENGINE.md."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray


@cache
def bucket_table(longest: int, buckets: int) -> NDArray[np.int32]:
    """(distance,) the bucket of each distance from 0 to `longest`; read-only."""
    table = np.array([bucket(distance, buckets) for distance in range(longest + 1)], dtype=np.int32)
    table.setflags(write=False)
    return table


def bucket(distance: int, buckets: int) -> int:
    """One each up to half of them, then three for every doubling; in integers, which no platform rounds otherwise."""
    near = buckets // 2
    if distance < near:
        return distance
    step = 0
    while distance**3 >= near**3 << (step + 1):
        step += 1
    return min(near + step, buckets - 1)
