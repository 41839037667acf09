"""What int8 rate this host reaches in the model's own layer: the yardstick between it and a device."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np

from edge.bundle.bundle import Bundle
from edge.engines.protocol import Engine


@dataclass(frozen=True)
class LayerRate:
    """`macs` multiply-accumulates of one user layer over `tokens` tokens take `ms`, the median of `count`."""

    tokens: int
    macs: int
    ms: float
    count: int
    gmacs_s: float


def weights_of_a_layer(bundle: Bundle) -> int:
    """The matrices' elements in one layer, as packed; 12 x hidden^2 where the bundle packs no weights."""
    names = [name for name in bundle.weights if name.startswith("layers.0.") and name.endswith(".weight")]
    counted = sum(bundle.weights[name].size for name in names if bundle.weights[name].ndim == 2)
    return int(counted) or 12 * int(bundle.manifest["model"]["hidden"]) ** 2


def layer_macs(tokens: int, hidden: int, weights: int) -> int:
    """Of one layer over `tokens` tokens that all see each other: each meets every weight, and every token twice."""
    return tokens * weights + 2 * tokens * tokens * hidden


@dataclass
class LayerClock:
    """Times the longest user layer whenever it is called; `rate` sums up."""

    engine: Engine
    longest_user: int
    weights: int
    clock: Callable[[], float] = time.perf_counter
    _times: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._tokens = self.engine.padded_user(self.longest_user)
        size = (self._tokens, self.engine.shape.hidden)
        self._hidden = np.random.default_rng(0).normal(size=size).astype(np.float32)
        self._mask = np.zeros((self._tokens, self._tokens), dtype=np.float32)
        self.engine.layer(self._hidden, self._mask, 1)  # warms up

    def __call__(self) -> None:
        started = self.clock()
        self.engine.layer(self._hidden, self._mask, 1)
        self._times.append((self.clock() - started) * 1000)

    def rate(self) -> LayerRate:
        """After at least one call."""
        macs = layer_macs(self._tokens, self.engine.shape.hidden, self.weights)
        typical = median(self._times)
        return LayerRate(self._tokens, macs, typical, len(self._times), macs / typical / 1e6)


def open_layer(path: Path, engine: str, threads: int, weights: int) -> LayerClock:
    """Over the bundle, installed where EDGE_CACHE says, with an engine of its own."""
    from edge.engines.opening import FROM_WEIGHTS
    from edge.runtime.opening import open_bundle_files

    opened = open_bundle_files(path, weights=engine in FROM_WEIGHTS)
    return LayerClock(opened.engine(engine, threads), opened.encoder.spec.max_user_tokens, weights)
