"""What a device would take, modelled from what this host took. A prediction, never to be read as a measurement.

    device ms = host ms x host int8 rate / device int8 rate

The host's rate is that of the model's own layer, timed between the requests of the same run; the device's is what a
published int8 network reaches on one of its fast cores. What the model leaves out is in `ERRORS`.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge.bench.layer_rate import LayerRate
from edge.bench.profiles.profile import DeviceProfile
from edge.bench.scenarios import ENCODING, SCENARIOS
from edge.bench.timing import ExitTimes
from edge.bundle.exits import Exit
from edge.runtime.costs import Costs, Points

FORMULA = "device ms = host ms x host int8 rate / device int8 rate"
ERRORS = (
    "the device's rate was measured with a convolutional network in another engine: the true one may be half or twice",
    "text, norms, match and attention in float32 are scaled like int8 products",
    "a model that does not fit the device's cache is slower than modelled",
    "a hot device throttles, and a busy device shares its cores",
)


@dataclass(frozen=True)
class Modelled:
    """Milliseconds of one exit on the device; `meets` compares p90 with the target."""

    exit: Exit
    scenario: str
    p50: float
    p90: float
    target: float
    meets: bool


@dataclass(frozen=True)
class Allowance:
    """Bytes against a budget."""

    what: str
    bytes: int
    budget: int
    meets: bool


@dataclass(frozen=True)
class Prediction:
    """Of one profile's device. Latencies and the costs that the runtime chooses exits by are modelled; the download is
    exact; `resident` was measured on this host."""

    profile: str
    device: str
    formula: str
    errors: tuple[str, ...]
    host_rate: LayerRate
    device_rate: float  # GMAC/s
    latencies: tuple[Modelled, ...]
    costs: Costs
    allowances: tuple[Allowance, ...]


@dataclass(frozen=True)
class Hosted:
    """What was measured on the host that a prediction is made from."""

    exits: tuple[ExitTimes, ...]
    costs: Costs
    rate: LayerRate
    download: int
    resident: int


def targets_of(profile: DeviceProfile) -> dict[str, float]:
    """Scenario -> milliseconds for nine requests in ten."""
    budgets = profile.budgets
    return {name: (budgets.new if name in ENCODING else budgets.kept).value for name in SCENARIOS}


def predict(profile: DeviceProfile, hosted: Hosted) -> Prediction:
    """Every exit in every scenario against the profile's latency targets, and bytes against its budgets."""
    scale, targets = hosted.rate.gmacs_s / profile.int8_rate.value, targets_of(profile)
    latencies = []
    for times in hosted.exits:
        p50, p90, target = times.whole.p50 * scale, times.whole.p90 * scale, targets[times.scenario]
        latencies.append(Modelled(times.exit, times.scenario, p50, p90, target, p90 <= target))
    budgets = {"download": profile.budgets.download, "resident": profile.budgets.resident}
    sizes = {"download": hosted.download, "resident": hosted.resident}
    allowed = {what: round(figure.value * 1e6) for what, figure in budgets.items()}
    return Prediction(
        profile.name,
        profile.device,
        FORMULA,
        ERRORS,
        hosted.rate,
        profile.int8_rate.value,
        tuple(latencies),
        scaled(hosted.costs, scale),
        tuple(Allowance(what, size, allowed[what], size <= allowed[what]) for what, size in sizes.items()),
    )


def scaled(costs: Costs, scale: float) -> Costs:
    """The costs with every time multiplied by `scale`."""

    def times(points: Points) -> Points:
        return tuple((size, milliseconds * scale) for size, milliseconds in points)

    return Costs(times(costs.chunk), times(costs.encode), times(costs.append), tuple(map(times, costs.score)))
