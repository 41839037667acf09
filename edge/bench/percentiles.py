"""Percentiles of times, each with its confidence interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95
Interval = tuple[float | None, float | None]  # an end is None if there are too few values


@dataclass(frozen=True)
class Percentiles:
    """Milliseconds of `count` requests, each percentile with its 95 % confidence interval."""

    count: int
    p50: float
    p90: float
    p99: float
    p50_interval: Interval
    p90_interval: Interval
    p99_interval: Interval


def percentiles(values: Sequence[float]) -> Percentiles:
    """By nearest rank: each is a value that was measured."""
    ordered = sorted(values)
    p50, p90, p99 = (ordered[max(math.ceil(len(ordered) * share) - 1, 0)] for share in (0.5, 0.9, 0.99))
    intervals = [interval(ordered, share) for share in (0.5, 0.9, 0.99)]
    return Percentiles(len(ordered), p50, p90, p99, *intervals)


def interval(ordered: Sequence[float], share: float) -> Interval:
    """The order statistics that enclose the quantile `share` with a confidence of at least 95 %.

    How many of n independent values lie below the quantile is binomial (n, share), whatever their distribution
    (David and Nagaraja, Order Statistics, 7.1). Requests that follow each other are not quite independent: the true
    coverage is somewhat less. p90 has an upper end from 36 values on, p99 from 368.
    """
    count, tail = len(ordered), (1 - CONFIDENCE) / 2
    below, lower, upper = 0.0, None, None
    for hits in range(count):  # below: the chance that at most `hits` values lie below the quantile
        below += _binomial(count, hits, share)
        if below <= tail:
            lower = ordered[hits]
        if below >= 1 - tail:
            upper = ordered[hits]
            break
    return lower, upper


def _binomial(count: int, hits: int, share: float) -> float:
    choices = math.lgamma(count + 1) - math.lgamma(hits + 1) - math.lgamma(count - hits + 1)
    return math.exp(choices + hits * math.log(share) + (count - hits) * math.log1p(-share))
