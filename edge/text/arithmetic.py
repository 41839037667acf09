"""Arithmetic that gives the same bits on every platform: whole-number sums, and a logarithm of basic operations.

SPEC.md, section 8, is normative. Every operation is binary64, rounded to nearest even, none fused.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

UNIT = 65_536  # of a value that is summed
LARGEST_SUMMED = 2.0**31  # so that 2^16 of them fit into 64 bits
LN2 = 0.6931471805599453
ROOT_HALF = 0.7071067811865476
ODD = tuple(range(23, 1, -2))  # denominators of the series, from the smallest term on


def to_units(values: NDArray[Any]) -> Integers:
    """Values in units of 1 / `UNIT`, rounded half to even: whole numbers, whose sums are the same in any order."""
    limited = np.clip(np.asarray(values, dtype=np.float64), -LARGEST_SUMMED, LARGEST_SUMMED)
    return np.rint(limited * UNIT).astype(np.int64)


def running(values: NDArray[Any]) -> Integers:
    """(n + 1,) the sum of the values before each place, and of all."""
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(values, dtype=np.int64)])


def log1p(values: Floats) -> Floats:
    """log(1 + |v|) with the sign of v, within 1e-15 of the exact one from |v| = 1 on; NaN stays.

    ln m = 2 (s + s^3 / 3 + s^5 / 5 + ...) with s = (m - 1) / (m + 1), for 1 + |v| = m 2^e and m in [.707, 1.414).
    """
    mantissa, exponent = np.frexp(1.0 + np.abs(values))  # mantissa in [.5, 1)
    low = mantissa < ROOT_HALF
    mantissa = np.where(low, mantissa * 2.0, mantissa)
    power = exponent.astype(np.float64) - low
    s = (mantissa - 1.0) / (mantissa + 1.0)
    z = s * s
    series = np.zeros_like(s)
    for odd in ODD:
        series = (series + 1.0 / odd) * z
    result: Floats = np.copysign(power * LN2 + 2.0 * s * (series + 1.0), values)
    return result
