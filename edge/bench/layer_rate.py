"""The int8 rate that this host reaches in the model's own layer, for comparison with that of a device."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

import numpy as np

from edge.bundle.bundle import Bundle
from edge.engines.chunk import chunk_of
from edge.engines.protocol import Engine, Entries
from edge.engines.timeline import Timeline
from edge.errors import EdgeError

CANDIDATES = 64  # that a layer is timed with where texts pass through none


@dataclass(frozen=True)
class LayerRate:
    """`macs` multiply-accumulates of one application of the layer to `rows` take `ms`, the median of `count`."""

    rows: int  # tokens of a chunk, or candidates
    macs: int
    ms: float
    count: int
    gmacs_s: float


def weights_of_a_layer(bundle: Bundle) -> int:
    """The matrices' elements in one layer, as packed; 12 x hidden^2 where the bundle packs no weights."""
    names = [name for name in bundle.weights if name.startswith("layers.0.") and name.endswith(".weight")]
    counted = sum(bundle.weights[name].size for name in names if bundle.weights[name].ndim == 2)
    return int(counted) or 12 * int(bundle.manifest["model"]["hidden"]) ** 2


def layer_macs(rows: int, seen: int, hidden: int, weights: int) -> int:
    """Of one layer over `rows` that each attend to `seen` others: every weight once per row, and twice each other."""
    return rows * weights + 2 * rows * seen * hidden


@dataclass
class LayerClock:
    """Times the layer whenever it is called, by calls with and without it; `rate` sums up."""

    engine: Engine
    weights: int
    clock: Callable[[], float] = time.perf_counter
    _with: list[float] = field(default_factory=list)
    _without: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        shape = self.engine.shape
        if shape.encode_depths[-1]:
            self._call, self._times = _encoding(self.engine), shape.encode_depths[-1]
            self._rows = self._seen = self.engine.padded_tokens(self.engine.chunk_tokens)
        elif shape.interact_layers:
            self._call, self._times = _scoring(self.engine), shape.interact_layers
            self._rows, self._seen = self.engine.padded_candidates(CANDIDATES, self._times), shape.places
        else:
            raise EdgeError(
                "the model has no layer, so this host's rate cannot be measured", fix="measure without --profile"
            )
        for depth in (0, self._times):  # warms up
            self._call(depth)

    def __call__(self) -> None:
        for depth, found in ((0, self._without), (self._times, self._with)):
            started = self.clock()
            self._call(depth)
            found.append((self.clock() - started) * 1000)

    def rate(self) -> LayerRate:
        """After at least one call. Where noise hides the layer, the whole call counts as it: the rate is too low."""
        whole, without = median(self._with), median(self._without)
        typical = ((whole - without) if whole > without else whole) / self._times
        macs = layer_macs(self._rows, self._seen, self.engine.shape.hidden, self.weights)
        return LayerRate(self._rows, macs, typical, len(self._with), macs / typical / 1e6)


def _encoding(engine: Engine) -> Callable[[int], object]:
    """A full chunk through so many applications."""
    longest, tokens = engine.shape.positions, engine.chunk_tokens
    lengths = [longest] * (tokens // longest) + [tokens % longest] * bool(tokens % longest)
    chunk = chunk_of([(0,) * length for length in lengths[: engine.chunk_segments]], longest)
    return lambda depth: engine.summarise(chunk, depth)


def _scoring(engine: Engine) -> Callable[[int], object]:
    """Candidates against a full timeline; all interact layers or none."""
    states, numbers = (
        np.zeros((CANDIDATES, width), dtype=np.float32) for width in (engine.shape.hidden, engine.shape.numbers)
    )
    candidates, timeline = Entries(states, states, numbers, numbers), Timeline(engine.shape)
    timeline.length = engine.shape.places
    return lambda depth: engine.score(candidates, timeline, depth)
