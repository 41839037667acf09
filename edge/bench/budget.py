"""What a build may cost and must reach: the limits of `edge-bench gate`, each in a range that it can have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from edge.arguments import check_count, check_number, check_share, check_switch, shown
from edge.bench.hints import LOWER_IS_BETTER
from edge.bench.sized_request import SizedRequest
from edge.bundle.exits import Exit
from edge.errors import EdgeError, known_names
from edge.metrics import RANGES

SIZES = ("download", "installed", "resident")
SWITCHES = ("parity", "unique_weights")
METRICS = tuple(RANGES)
RATIOS = ("time", "instructions")
MOST_RATIO = 2.0  # a larger limit limits nothing, or is a percentage
MOST_LOG_LOSS = 10.0  # nats: a model that answers anything at all is far below


@dataclass(frozen=True)
class Growth:
    """What may be added to a baseline, all inclusive: bytes by size, loss by metric, ratios of costs."""

    sizes: Mapping[str, int] = field(default_factory=dict)
    quality: Mapping[str, float] = field(default_factory=dict)
    time: float | None = None
    instructions: float | None = None

    def __post_init__(self) -> None:
        for size, limit in self.sizes.items():
            check_count(f"growth.{size}", limit, least=0)
        for metric, loss in self.quality.items():
            _check_metric("growth.", metric, loss)
            if loss == _most(metric):
                problem = f"growth.{metric} is {shown(loss)}, a limit that cannot fail"
                raise EdgeError(problem, fix="write the loss that is allowed, e.g. 0.002, or remove it")
        for name in RATIOS:
            if getattr(self, name) is not None:
                _check_ratio(f"growth.{name}", getattr(self, name))

    @property
    def empty(self) -> bool:
        """True if nothing is limited."""
        return self == Growth()


@dataclass(frozen=True)
class Budget:
    """Limits, all inclusive; None and empty mean unlimited. `exits` maps an exit to its quality limits."""

    download: int | None = None
    installed: int | None = None
    resident: int | None = None
    parity: bool = False
    unique_weights: bool = False
    quality: Mapping[str, float] = field(default_factory=dict)  # of the best exit
    exits: Mapping[Exit, Mapping[str, float]] = field(default_factory=dict)
    instructions: int | None = None  # at the deepest exit
    exit_instructions: Mapping[Exit, int] = field(default_factory=dict)
    counted: SizedRequest = field(default_factory=SizedRequest)
    growth: Growth = Growth()

    def __post_init__(self) -> None:
        for name in (*SIZES, "instructions"):
            if getattr(self, name) is not None:
                check_count(name, getattr(self, name))
        for name in SWITCHES:
            check_switch(name, getattr(self, name))
        for metric, limit in self.quality.items():
            _check_quality("quality.", metric, limit)
        for exit, minima in self.exits.items():
            for metric, limit in minima.items():
                _check_quality(f"exits.{exit}.quality.", metric, limit)
            if not minima:
                raise EdgeError(f"exits.{exit}.quality holds no limit", fix="add one, or remove the section")
        for exit, limit in self.exit_instructions.items():
            check_count(f"exits.{exit}.instructions", limit)

    @property
    def empty(self) -> bool:
        """True if nothing is limited; the size of the counted request alone limits nothing."""
        return replace(self, counted=SizedRequest()) == Budget()

    @property
    def counts_instructions(self) -> bool:
        """True if a limit needs instructions to be counted."""
        limits = (self.instructions, self.growth.instructions)
        return bool(self.exit_instructions) or any(limit is not None for limit in limits)

    def tightened(self, other: Budget) -> Budget:
        """This budget with every size and quality limit that `other` sets in place of its own."""
        own = {size: getattr(other, size) for size in SIZES if getattr(other, size) is not None}
        return replace(self, **own, quality={**self.quality, **other.quality}, exits={**self.exits, **other.exits})


def _check_quality(where: str, metric: str, limit: float) -> None:
    _check_metric(where, metric, limit)
    if limit == 0 and metric not in LOWER_IS_BETTER:
        problem = f"{where}{metric} is {shown(limit)}, a limit that every bundle reaches"
        raise EdgeError(problem, fix="write the figure that the bundle must reach, or remove it")


def _check_metric(where: str, metric: str, limit: float) -> None:
    if metric not in METRICS:
        raise EdgeError(f"{where}{metric}: there is no metric {metric!r}", fix=known_names(metric, METRICS))
    if RANGES[metric] == (0.0, 1.0):
        check_share(where + metric, limit)
    else:
        fix = "a log loss is in nats, 0.693 for a coin's toss; a limit above 10 cannot fail"
        check_number(where + metric, limit, most=_most(metric), fix=fix)


def _most(metric: str) -> float:
    """Beyond it, a limit of this metric cannot fail."""
    return min(RANGES[metric][1], MOST_LOG_LOSS)


def _check_ratio(name: str, limit: float) -> None:
    """1.05 allows 5 % more; 5 and 0.05 do not say so."""
    more = limit / 100 if isinstance(limit, int | float) and 1 < limit <= 100 else limit
    meant = isinstance(more, int | float) and 0 < more < 0.5
    fix = "write a ratio: 1.05 allows 5 % more" + (f"; did you mean {1 + more:g}?" if meant else "")
    check_number(name, limit, least=1.0, most=MOST_RATIO, fix=fix)
