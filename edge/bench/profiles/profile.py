"""What a device is and what an app may ask of it."""

from __future__ import annotations

from dataclasses import dataclass

ESTIMATE = "estimate:"  # how the source of an unpublished figure begins


@dataclass(frozen=True)
class Figure:
    """A number, its unit, and its source."""

    value: float
    unit: str
    source: str

    @property
    def estimated(self) -> bool:
        """True if no published source exists for the value."""
        return self.source.startswith(ESTIMATE)

    def __str__(self) -> str:
        return f"{self.value:g} {self.unit}".strip()


@dataclass(frozen=True)
class Cluster:
    """The cores that an app's work should run on: the device's fast ones."""

    core: str
    cores: Figure
    clock: Figure  # GHz, at most
    cache: Figure  # MB of the largest level that these cores share


@dataclass(frozen=True)
class Budgets:
    """What a ranker may cost on this device. Latencies are for nine requests in ten."""

    download: Figure  # MB, of a bundle for one engine
    resident: Figure  # MB of RAM, by opening and ranking
    new: Figure  # ms, of a request with texts of items to encode: of a new user, or with new items
    kept: Figure  # ms, of one whose user and items are kept, also with one more event


@dataclass(frozen=True)
class DeviceProfile:
    """`int8_rate` is what a whole int8 network reaches on one fast core, not the peak of its instructions."""

    name: str
    device: str
    system: str
    fast: Cluster
    memory: Figure  # GB
    app_memory: Figure  # MB that the system lets one app have
    int8_rate: Figure  # GMAC/s, one thread
    budgets: Budgets
