"""What a step costs on the device that runs it: measured once, by size, then looked up."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from edge.engine import MASKED, Engine
from edge.errors import EdgeError

ENOUGH_S = 0.5  # of measuring
FEWEST, MOST = 2, 20  # rounds over all sizes; the first warms up
Points = tuple[tuple[float, float], ...]  # (size, milliseconds), by size
Size = tuple[str | int, ...]  # of a call: which, and how large


@dataclass(frozen=True)
class CostModel:
    """Milliseconds of one call, by its size. Sizes between those measured are interpolated."""

    embed: Points  # by tokens, their segment embeddings included
    user_layer: Points  # by the user's tokens
    candidate_layer: tuple[tuple[float, Points], ...]  # by the user's tokens, then by candidates
    head: Points  # by candidates

    def __post_init__(self) -> None:
        sizes = [size for size, _ in self.candidate_layer]
        if not sizes or sizes != sorted(set(sizes)):
            raise EdgeError("the costs are not times by ascending size", evidence=f"{self.candidate_layer}")
        for points in (self.embed, self.user_layer, self.head, *(points for _, points in self.candidate_layer)):
            _check(points)

    def embedding(self, tokens: int) -> float:
        return _at(self.embed, tokens) if tokens else 0.0

    def user_step(self, engine: Engine, tokens: int) -> float:
        return _at(self.user_layer, engine.padded_user(tokens)) if tokens else 0.0

    def candidate_step(self, engine: Engine, user_tokens: int, count: int) -> float:
        """Candidates against a user of so many tokens; of none, if each is alone."""
        if not count:
            return 0.0
        padded = engine.padded_candidates(count)
        by_user = tuple((tokens, _at(points, padded)) for tokens, points in self.candidate_layer)
        return _at(by_user, engine.padded_user(max(user_tokens, 1)))

    def scoring(self, count: int) -> float:
        return _at(self.head, count) if count else 0.0


def calibrate(engine: Engine, longest_user: int, longest_candidate: int) -> CostModel:
    """Time single calls at a few sizes, again and again, all in turn; takes about as long as a request or two."""
    sizes = (1, longest_candidate, -(-longest_user // 2), longest_user)
    users = sorted(set(map(engine.padded_user, sizes)))
    layers = sorted({*users, engine.padded_user(longest_user + longest_candidate)})
    counts = sorted({engine.padded_candidates(count) for count in (1, 16)})
    calls: dict[Size, Callable[[], object]] = {
        ("embed", tokens): _embed(engine, tokens) for tokens in (1, 4 * longest_candidate)
    }
    calls |= {("layer", tokens): _user_layer(engine, tokens) for tokens in layers}
    calls |= {
        ("candidates", tokens, count): _candidate_layer(engine, tokens, count, longest_candidate)
        for tokens in users
        for count in counts
    }
    calls |= {("head", count): _head(engine, count) for count in (1, 64)}
    cost = _least_milliseconds(calls)
    return CostModel(
        embed=tuple((float(tokens), cost["embed", tokens]) for tokens in (1, 4 * longest_candidate)),
        user_layer=tuple((float(tokens), cost["layer", tokens]) for tokens in layers),
        candidate_layer=tuple(
            (float(tokens), tuple((float(count), cost["candidates", tokens, count]) for count in counts))
            for tokens in users
        ),
        head=tuple((float(count), cost["head", count]) for count in (1, 64)),
    )


def _embed(engine: Engine, tokens: int) -> Callable[[], object]:
    ids, positions = np.zeros(tokens, dtype=np.int32), np.zeros(tokens, dtype=np.int32)
    return lambda: engine.place(engine.embed(ids, positions), ids)


def _user_layer(engine: Engine, tokens: int) -> Callable[[], object]:
    hidden = np.zeros((tokens, engine.shape.hidden), dtype=np.float32)
    mask = np.zeros((tokens, tokens), dtype=np.float32)
    return lambda: engine.layer(hidden, mask, 1)


def _candidate_layer(engine: Engine, user_tokens: int, count: int, seq: int) -> Callable[[], object]:
    shape = engine.shape
    keys = np.zeros((shape.heads, user_tokens, shape.hidden // shape.heads), dtype=np.float32)
    mask = np.full(user_tokens, MASKED, dtype=np.float32)
    hidden = np.zeros((count, seq, shape.hidden), dtype=np.float32)
    return lambda: engine.layer_candidate(hidden, keys, keys, mask, 1)


def _head(engine: Engine, count: int) -> Callable[[], object]:
    hidden = np.zeros((count, engine.shape.hidden), dtype=np.float32)
    return lambda: engine.head(hidden)


def _least_milliseconds(calls: Mapping[Size, Callable[[], object]]) -> dict[Size, float]:
    """The fastest of several calls each: what else runs on the device can only make them slower."""
    least = dict.fromkeys(calls, math.inf)
    began = time.perf_counter()
    for number in range(MOST):
        if number >= FEWEST and time.perf_counter() - began > ENOUGH_S:
            break
        for size, call in calls.items():
            started = time.perf_counter()
            call()
            least[size] = min(least[size], (time.perf_counter() - started) * 1e3)
    return least


def _at(points: Points, size: float) -> float:
    """Linear between points and beyond the last two; a single one stands for every size."""
    sizes, costs = zip(*points, strict=True)
    if size > sizes[-1] and len(points) > 1:
        slope = (costs[-1] - costs[-2]) / (sizes[-1] - sizes[-2])
        return float(costs[-1] + max(slope, 0.0) * (size - sizes[-1]))
    return float(np.interp(size, sizes, costs))


def _check(points: Points) -> None:
    sizes = [size for size, _ in points]
    if not points or sizes != sorted(set(sizes)) or not all(0 <= cost < math.inf for _, cost in points):
        raise EdgeError("the costs are not times by ascending size", evidence=f"{points}")
