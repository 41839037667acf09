"""Student's t distribution, for the interval of a mean over a few processes."""

from __future__ import annotations

import math

from edge.errors import EdgeError


def quantile(confidence: float, degrees: int) -> float:
    """The t for which `confidence` of the distribution lies between -t and t."""
    if not 0 < confidence < 1 or degrees < 1:
        raise EdgeError(
            f"no interval has a confidence of {confidence} over {degrees + 1} samples",
            fix="choose a confidence between 0 and 1, and 2 samples or more",
        )
    low, high = 0.0, 1.0
    while within(high, degrees) < confidence:
        high *= 2
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if within(middle, degrees) < confidence else (low, middle)
    return high


def within(t: float, degrees: int) -> float:
    """The share of the distribution between -t and t (Abramowitz and Stegun, 26.7.3 and 26.7.4)."""
    angle, odd = math.atan(t / math.sqrt(degrees)), degrees % 2
    term, total = math.cos(angle) ** odd, 0.0
    for power in range(odd, degrees - 1, 2):
        total += term
        term *= math.cos(angle) ** 2 * (power + 1) / (power + 2)
    return 2 / math.pi * (angle + math.sin(angle) * total) if odd else math.sin(angle) * total
