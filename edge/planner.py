"""How deep to go within a budget: a cost model per layer, measured on the device that runs it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from edge.engine import Engine
from edge.errors import EdgeError

SAFETY = 0.9  # of the budget is planned for; the rest is for what the model does not see
REPEATS = 3
Points = tuple[tuple[float, float], ...]  # (size, milliseconds), by size


@dataclass(frozen=True)
class CostModel:
    """Milliseconds of one layer, by the user's tokens and by the number of candidates."""

    user_layer: Points
    candidate_layer: Points

    def __post_init__(self) -> None:
        for points in (self.user_layer, self.candidate_layer):
            sizes = [size for size, _ in points]
            if not points or sizes != sorted(set(sizes)) or not all(0 <= cost < math.inf for _, cost in points):
                raise EdgeError("the costs are not times by ascending size", evidence=f"{points}")

    def predict(self, engine: Engine, work: Work, depth: int) -> float:
        """Milliseconds to bring the request's candidates to `depth`."""
        user_layers = max(depth - work.user_depth, 0)
        together = user_layers * self._user(engine, work.user_tokens)
        together += (depth - work.handover) * self._candidates(engine, work.candidates)
        alone = self._user(engine, work.new_tokens) + self._candidates(engine, work.new_candidates)
        return together + work.handover * alone

    def _user(self, engine: Engine, tokens: int) -> float:
        return _at(self.user_layer, engine.padded_user(tokens)) if tokens else 0.0

    def _candidates(self, engine: Engine, count: int) -> float:
        return _at(self.candidate_layer, engine.padded_candidates(count)) if count else 0.0


@dataclass(frozen=True)
class Work:
    """What a request asks for, and what of it is done already."""

    user_tokens: int
    user_depth: int  # layers of the user side that are kept from before
    candidates: int
    handover: int = 0  # layers that each segment passes alone
    new_tokens: int = 0  # of the user's segments that have yet to do so
    new_candidates: int = 0  # that have yet to do so


def choose_depth(
    costs: CostModel, engine: Engine, work: Work, depths: Sequence[int], budget_ms: float
) -> tuple[int, float]:
    """The deepest of `depths` predicted to fit, else the shallowest; and its predicted milliseconds."""
    predicted = {depth: costs.predict(engine, work, depth) for depth in sorted(depths)}
    fitting = [depth for depth, cost in predicted.items() if cost <= SAFETY * budget_ms]
    chosen = max(fitting, default=min(predicted))
    return chosen, predicted[chosen]


def calibrate(engine: Engine, longest_user: int, longest_candidate: int) -> CostModel:
    """Time single layers at a few sizes; takes about as long as one request."""
    shape = engine.shape
    width = shape.hidden // shape.heads

    def user_layer(tokens: int) -> Callable[[], object]:
        hidden = np.zeros((tokens, shape.hidden), dtype=np.float32)
        mask = np.zeros((tokens, tokens), dtype=np.float32)
        return lambda: engine.layer(hidden, mask, 1)

    def candidate_layer(count: int) -> Callable[[], object]:
        hidden = np.zeros((count, longest_candidate, shape.hidden), dtype=np.float32)
        keys = np.zeros((shape.heads, longest_user, width), dtype=np.float32)
        mask = np.zeros(longest_user, dtype=np.float32)
        return lambda: engine.layer_candidate(hidden, keys, keys, mask, 1)

    users = sorted({engine.padded_user(tokens) for tokens in (1, longest_user // 2, longest_user)})
    counts = sorted({engine.padded_candidates(count) for count in (1, 16)})
    return CostModel(
        tuple((float(tokens), _milliseconds(user_layer(tokens))) for tokens in users),
        tuple((float(count), _milliseconds(candidate_layer(count))) for count in counts),
    )


def _milliseconds(call: Callable[[], object]) -> float:
    """The median of a few calls, after one that warms up."""
    call()
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        call()
        times.append((time.perf_counter() - started) * 1e3)
    return sorted(times)[len(times) // 2]


def _at(points: Points, size: float) -> float:
    """Linear between points and beyond the last two."""
    sizes, costs = zip(*points, strict=True)
    if size > sizes[-1] and len(points) > 1:
        slope = (costs[-1] - costs[-2]) / (sizes[-1] - sizes[-2])
        return float(costs[-1] + max(slope, 0.0) * (size - sizes[-1]))
    return float(np.interp(size, sizes, costs))
