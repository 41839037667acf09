"""What a device would take, modelled from what this host took. A prediction, never to be read as a measurement.

    device ms = host ms x host int8 rate / device int8 rate

The host's rate is that of the model's own layer, timed between the requests of the same run; the device's is what a
published int8 network reaches on one of its fast cores. What the model leaves out is in `ERRORS`.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge.bench.layer_rate import LayerRate
from edge.bench.profiles.profile import DeviceProfile
from edge.bench.timing import ExitTimes

FORMULA = "device ms = host ms x host int8 rate / device int8 rate"
ERRORS = (
    "the device's rate is of a convolutional network in another engine: half to twice as fast is possible",
    "text, norms and attention in float32 are scaled like int8 products",
    "memory and caches: a model that leaves the device's cache is slower than modelled",
    "a hot device throttles, a busy one shares its cores",
)


@dataclass(frozen=True)
class Modelled:
    """Milliseconds of one exit on the device; `meets` compares p90 with the target."""

    plan: str
    depth: int
    user: str  # new or kept
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
    """Of one profile's device. Latencies are modelled; the download is exact; `resident` was measured on this host."""

    profile: str
    device: str
    formula: str
    errors: tuple[str, ...]
    host_rate: LayerRate
    device_rate: float  # GMAC/s
    latencies: tuple[Modelled, ...]
    allowances: tuple[Allowance, ...]


def predict(
    profile: DeviceProfile, exits: tuple[ExitTimes, ...], rate: LayerRate, download: int, resident: int
) -> Prediction:
    """Every exit for new and kept users against the profile's latency targets, and bytes against its budgets."""
    scale = rate.gmacs_s / profile.int8_rate.value
    targets = {"new": profile.budgets.new_user.value, "kept": profile.budgets.kept_user.value}
    latencies = []
    for times in exits:
        for user, found in (("new", times.new_user), ("kept", times.kept_user)):
            p50, p90 = found.p50 * scale, found.p90 * scale
            latencies.append(Modelled(times.plan, times.depth, user, p50, p90, targets[user], p90 <= targets[user]))
    budgets = {"download": profile.budgets.download, "resident": profile.budgets.resident}
    sizes = {"download": download, "resident": resident}
    allowed = {what: round(figure.value * 1e6) for what, figure in budgets.items()}
    allowances = tuple(Allowance(what, size, allowed[what], size <= allowed[what]) for what, size in sizes.items())
    return Prediction(
        profile.name, profile.device, FORMULA, ERRORS, rate, profile.int8_rate.value, tuple(latencies), allowances
    )
