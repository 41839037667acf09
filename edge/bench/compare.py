"""Which of two bundles is faster on this machine, and by how much: a ratio with its interval, not two figures.

Measured is CPU time, in which other processes show far less than on the wall; wall time stands beside it. The bundles
take turns at every request, so that whatever slows the machine slows both. Both are opened again and again, in several
fresh processes. The interval is taken over processes: what one of them measures has a place and a time in common.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from edge.arguments import check_count, check_number, check_share
from edge.bench.compare_probe import Job, Paired
from edge.bench.exits import chosen_exits
from edge.bench.fresh import in_fresh_process
from edge.bench.t_distribution import quantile
from edge.bundle.bundle import read_manifest
from edge.bundle.exits import Exit
from edge.config import from_dict
from edge.errors import EdgeError
from edge.text.request import request_to_json
from edge.text.types import Request

PROBE = "edge.bench.compare_probe"
MOST_REQUESTS = 8  # in one opening; of more, some are left out evenly


@dataclass(frozen=True)
class Pairing:
    """How two bundles are measured. `exit` None is each one's deepest."""

    engine: str = "litert"
    exit: Exit | None = None
    processes: int = 8
    openings: int = 2  # in each process
    confidence: float = 0.99  # a check on every push should not be wrong once in twenty

    def __post_init__(self) -> None:
        check_count("processes", self.processes, least=2, most=1_000)
        check_count("openings", self.openings, most=1_000)
        check_number("confidence", self.confidence, most=1.0)
        if self.confidence in (0, 1):
            raise EdgeError(f"confidence is {self.confidence}", fix="give a number above 0 and below 1, such as 0.99")


@dataclass(frozen=True)
class Ratio:
    """The ratio of the second bundle's time to the first's, and its interval from `low` to `high`."""

    ratio: float
    low: float
    high: float


@dataclass(frozen=True)
class Speed:
    """Two bundles compared. Milliseconds are those of one request of a new user, medians over all openings."""

    cpu: Ratio
    wall: Ratio
    before_ms: float  # CPU time
    after_ms: float
    before_wall_ms: float
    after_wall_ms: float
    exits: tuple[Exit, Exit]
    requests: int
    processes: int
    openings: int  # in each process
    confidence: float


def verdict(ratio: Ratio, tolerance: float | None = None) -> str:
    """What the interval shows; with a tolerance (0.05: 5 %), whether the second bundle is slower by more."""
    if tolerance is None:
        return "slower" if ratio.low > 1 else "faster" if ratio.high < 1 else "not measurably different"
    if is_slower(ratio, tolerance):
        return f"at least {tolerance:.1%} slower"
    if ratio.high <= 1 + tolerance:
        return f"at most {tolerance:.1%} slower"
    return f"not clearly more or less than {tolerance:.1%} slower"


def is_slower(ratio: Ratio, tolerance: float) -> bool:
    """True if the whole interval is above the tolerance."""
    check_tolerance(tolerance)
    return ratio.low > 1 + tolerance


def check_tolerance(tolerance: float | None) -> None:
    """Refuse what is no share."""
    if tolerance is not None:
        check_share("tolerance", tolerance)


def compare_speed(
    before: Path,
    after: Path,
    requests: Sequence[Request],
    pairing: Pairing,
    progress: Callable[[str], None] = lambda text: None,
) -> Speed:
    """Measure both. Errors: a bundle cannot be opened, or has no such exit."""
    chosen, exits = spread(requests, MOST_REQUESTS), (_exit(before, pairing), _exit(after, pairing))
    found = []
    with tempfile.TemporaryDirectory(prefix="edge-bench-") as cache:
        for number, job in enumerate(_jobs((str(before), str(after)), exits, pairing), start=1):
            progress(f"process {number} of {pairing.processes}")
            values = {"job": asdict(job), "requests": [request_to_json(request) for request in chosen]}
            answered = in_fresh_process(PROBE, values, cache)
            found.append([from_dict(Paired, one, "measurement") for one in answered])
    return summarise(found, exits, len(chosen), pairing.confidence)


def _exit(bundle: Path, pairing: Pairing) -> Exit:
    return chosen_exits(read_manifest(bundle), None if pairing.exit is None else (pairing.exit,))[-1]


def spread(requests: Sequence[Request], most: int) -> list[Request]:
    """At most so many, evenly from first to last."""
    places = np.linspace(0, len(requests) - 1, min(most, len(requests))).round().astype(int)
    return [requests[place] for place in places]


def _jobs(bundles: tuple[str, str], exits: tuple[Exit, Exit], pairing: Pairing) -> Iterator[Job]:
    """One per process; they take the cores that this one may use in turn."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [None]
    for number in range(pairing.processes):
        yield Job(
            bundles,
            pairing.engine,
            exits,
            openings=pairing.openings,
            number=number,
            core=cores[number % len(cores)],
        )


def summarise(found: Sequence[Sequence[Paired]], exits: tuple[Exit, Exit], requests: int, confidence: float) -> Speed:
    """Of each process its openings. All count the same; the interval is that of the processes' means."""
    means = np.array([[one.log_ratios for one in process] for process in found]).mean(1)  # (processes, clocks)
    cpu, wall = (interval(means[:, clock], confidence) for clock in range(2))
    every = [one for process in found for one in process]
    before, after = (np.median([getattr(one, side) for one in every], axis=0) for side in ("before_ms", "after_ms"))
    return Speed(
        cpu=cpu,
        wall=wall,
        before_ms=float(before[0]),
        after_ms=float(after[0]),
        before_wall_ms=float(before[1]),
        after_wall_ms=float(after[1]),
        exits=exits,
        requests=requests,
        processes=len(found),
        openings=len(found[0]),
        confidence=confidence,
    )


def interval(log_ratios: Sequence[float] | np.ndarray, confidence: float) -> Ratio:
    """Student's t interval of the mean of independent log ratios, as ratios."""
    values = np.asarray(log_ratios, dtype=np.float64)
    half = quantile(confidence, len(values) - 1) * values.std(ddof=1) / len(values) ** 0.5
    ratio, low, high = np.exp([values.mean(), values.mean() - half, values.mean() + half])
    return Ratio(float(ratio), float(low), float(high))
