"""What an engine's calls cost on the device that runs them: measured once, then looked up. Normative: PLAN.md."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edge.engines.chunk import chunk_of
from edge.engines.protocol import Engine, Entries
from edge.engines.timeline import Timeline
from edge.errors import EdgeError

ENOUGH_S = 0.3  # of measuring
FEWEST, MOST = 2, 20  # rounds over all calls; the first warms up
SEVERAL = 16  # new events that are timed together
Call = tuple[str, int, int]  # which, its size, its depth
Points = tuple[tuple[float, float], ...]  # (size, milliseconds), ascending by size


@dataclass(frozen=True)
class Costs:
    """Milliseconds of one call. Sizes between those measured are interpolated."""

    chunk: Points  # by tokens: embed and summarise
    encode: Points  # by tokens: one application
    append: Points  # by new entries
    score: tuple[Points, ...]  # at each interact depth from 0, by candidates

    def __post_init__(self) -> None:
        for points in (self.chunk, self.encode, self.append, *self.score):
            sizes = [size for size, _ in points]
            if not points or sizes != sorted(set(sizes)) or not all(0 <= cost < math.inf for _, cost in points):
                raise EdgeError("the costs are not times by ascending size", evidence=f"{points}", fix="measure again")
        if not self.score:
            raise EdgeError("there are no costs of scoring", fix="measure again")

    def summaries(self, chunks: Sequence[int], depth: int) -> float:
        """Of chunks of so many tokens."""
        return sum(at(self.chunk, tokens) + depth * at(self.encode, tokens) for tokens in chunks)

    def appending(self, entries: int) -> float:
        """Milliseconds to append so many entries; 0 for none."""
        return at(self.append, entries) if entries else 0.0

    def scoring(self, candidates: int, depth: int) -> float:
        """Milliseconds to score so many candidates at an interact depth; 0 for none."""
        return at(self.score[depth], candidates) if candidates else 0.0


def at(points: Points, size: float) -> float:
    """Linear between points and beyond the last two, never falling; before the first as at the first."""
    sizes, costs = zip(*points, strict=True)
    if size > sizes[-1] and len(points) > 1:
        slope = (costs[-1] - costs[-2]) / (sizes[-1] - sizes[-2])
        return float(costs[-1] + max(slope, 0.0) * (size - sizes[-1]))
    return float(np.interp(size, sizes, costs))


def measure_costs(engine: Engine) -> Costs:
    """Time single calls at a few sizes, all in turn, again and again; it warms the engine up as well."""
    cost = _least_milliseconds(_calls(engine))
    tokens, entries = (sorted({size for kind, size, _ in cost if kind == wanted}) for wanted in ("chunk", "append"))
    candidates = [
        sorted({size for kind, size, depth in cost if (kind, depth) == ("score", wanted)})
        for wanted in range(engine.shape.interact_layers + 1)
    ]
    return Costs(
        chunk=tuple((float(size), cost["chunk", size, 0]) for size in tokens),
        encode=tuple((float(size), _applying(cost, size)) for size in tokens),
        append=tuple((float(size), cost["append", size, 0]) for size in entries),
        score=tuple(
            tuple((float(size), cost["score", size, depth]) for size in sizes) for depth, sizes in enumerate(candidates)
        ),
    )


def _applying(cost: Mapping[Call, float], tokens: int) -> float:
    """Of one application of the layer, if there is any."""
    without = cost["chunk", tokens, 0]
    return max(cost.get(("chunk", tokens, 1), without) - without, 0.0)


def warm_up(engine: Engine) -> None:
    """Engines prepare each shape when they first meet it: that belongs to opening, not to a request."""
    for call in _calls(engine).values():
        call()


def _calls(engine: Engine) -> dict[Call, Callable[[], object]]:
    """Every entry point at a few sizes, among them those of all buckets that are usual."""
    shape = engine.shape
    tokens = sorted({engine.padded_tokens(count) for count in (1, engine.chunk_tokens // 4, engine.chunk_tokens)})
    entries = sorted({1, min(SEVERAL, shape.places - 1)} - {0})
    calls: dict[Call, Callable[[], object]] = {}
    for size in tokens:
        applied = (0, 1) if shape.encode_depths[-1] else (0,)  # without encode layers there is nothing to apply
        calls |= {("chunk", size, depth): _summarise(engine, size, depth) for depth in applied}
    calls |= {("append", size, 0): _append(engine, size) for size in entries}
    for depth in range(shape.interact_layers + 1):
        for size in {engine.padded_candidates(count, depth) for count in (1, 64)}:
            calls["score", size, depth] = _score(engine, size, depth)
    return calls


def _summarise(engine: Engine, tokens: int, depth: int) -> Callable[[], object]:
    longest = engine.shape.positions
    lengths = [longest] * (tokens // longest) + [tokens % longest] * bool(tokens % longest)
    chunk = chunk_of([(0,) * length for length in lengths[: engine.chunk_segments]], longest)
    return lambda: engine.summarise(chunk, depth)


def _append(engine: Engine, count: int) -> Callable[[], object]:
    entries, timeline = _entries(engine, count), Timeline(engine.shape)
    return lambda: engine.append(entries, False, timeline)


def _score(engine: Engine, count: int, depth: int) -> Callable[[], object]:
    candidates, timeline = _entries(engine, count), Timeline(engine.shape)
    timeline.length = engine.shape.places
    return lambda: engine.score(candidates, timeline, depth)


def _entries(engine: Engine, count: int) -> Entries:
    states, numbers = (
        np.zeros((count, width), dtype=np.float32) for width in (engine.shape.hidden, engine.shape.numbers)
    )
    return Entries(states, states, numbers, numbers)


def _least_milliseconds(calls: Mapping[Call, Callable[[], object]]) -> dict[Call, float]:
    """The fastest of several calls each: what else runs on the device can only make them slower."""
    least = dict.fromkeys(calls, math.inf)
    began = time.perf_counter()
    for number in range(MOST):
        if number >= FEWEST and time.perf_counter() - began > ENOUGH_S:
            break
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            least[name] = min(least[name], (time.perf_counter() - started) * 1e3)
    return least
