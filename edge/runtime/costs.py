"""What a step costs on the device that runs it: measured once, by size, then looked up."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edge.engines.protocol import Context, Engine
from edge.errors import EdgeError

ENOUGH_S = 0.5  # of measuring
FEWEST, MOST = 2, 20  # rounds over all sizes; the first warms up
Points = tuple[tuple[float, float], ...]  # (size, milliseconds), by size
Grid = tuple[tuple[float, Points], ...]  # by the user's tokens, then by candidates
Size = tuple[str | int, ...]  # of a call: which, and how large


@dataclass(frozen=True)
class CostModel:
    """Milliseconds of one call, by its size. Sizes between those measured are interpolated."""

    embed: Points  # by tokens, their segment embeddings included
    user_layer: Points  # by the user's tokens
    user_keys: Points  # by the user's tokens; a last layer
    candidate_layer: Grid
    candidate_end: Grid  # a last layer
    head: Points  # by candidates

    def __post_init__(self) -> None:
        for grid in (self.candidate_layer, self.candidate_end):
            sizes = [size for size, _ in grid]
            if not sizes or sizes != sorted(set(sizes)):
                raise EdgeError("the costs are not times by ascending size", evidence=f"{grid}")
            for _, points in grid:
                _check(points)
        for points in (self.embed, self.user_layer, self.user_keys, self.head):
            _check(points)

    def embedding(self, tokens: int) -> float:
        return _at(self.embed, tokens) if tokens else 0.0

    def user_step(self, engine: Engine, tokens: int) -> float:
        return _at(self.user_layer, engine.padded_user(tokens)) if tokens else 0.0

    def user_last(self, engine: Engine, tokens: int) -> float:
        """A last layer: its keys and values alone."""
        return _at(self.user_keys, engine.padded_user(tokens))

    def candidate_step(self, engine: Engine, user_tokens: int, count: int) -> float:
        """Candidates against a user of so many tokens; of none, if each is alone."""
        return _on(self.candidate_layer, engine, user_tokens, count)

    def candidate_last(self, engine: Engine, user_tokens: int, count: int) -> float:
        """A last layer: of each candidate its [EOS] alone."""
        return _on(self.candidate_end, engine, user_tokens, count)

    def scoring(self, count: int) -> float:
        return _at(self.head, count) if count else 0.0


def calibrate(engine: Engine, longest_user: int, longest_candidate: int) -> CostModel:
    """Time single calls at a few sizes, again and again, all in turn; takes about as long as a request or two."""
    users = user_sizes(engine, longest_user, longest_candidate)
    layers = sorted({*users, engine.padded_user(longest_user + longest_candidate)})
    counts = sorted({engine.padded_candidates(count) for count in (1, 16)})
    calls: dict[Size, Callable[[], object]] = {
        ("embed", tokens): _embed(engine, tokens) for tokens in (1, 4 * longest_candidate)
    }
    calls |= {("layer", tokens): _user_layer(engine, tokens) for tokens in layers}
    calls |= {("keys", tokens): _user_keys(engine, tokens) for tokens in users}
    grid = [(tokens, count) for tokens in users for count in counts]
    calls |= {("candidates", *sizes): _candidate_layer(engine, *sizes, longest_candidate) for sizes in grid}
    calls |= {("end", *sizes): _candidate_end(engine, *sizes, longest_candidate) for sizes in grid}
    calls |= {("head", count): _head(engine, count) for count in (1, 64)}
    cost = _least_milliseconds(calls)

    def points(*which: str | int, sizes: Sequence[int]) -> Points:
        return tuple((float(size), cost[(*which, size)]) for size in sizes)

    return CostModel(
        embed=points("embed", sizes=(1, 4 * longest_candidate)),
        user_layer=points("layer", sizes=layers),
        user_keys=points("keys", sizes=users),
        candidate_layer=tuple((float(tokens), points("candidates", tokens, sizes=counts)) for tokens in users),
        candidate_end=tuple((float(tokens), points("end", tokens, sizes=counts)) for tokens in users),
        head=points("head", sizes=(1, 64)),
    )


def user_sizes(engine: Engine, longest_user: int, longest_candidate: int) -> list[int]:
    """The sizes of users that the engine computes differently: the least, one segment, half the longest user, all."""
    sizes = (2, longest_candidate, -(-longest_user // 2), longest_user)  # profile and closing are the least
    return sorted(set(map(engine.padded_user, sizes)))


def _embed(engine: Engine, tokens: int) -> Callable[[], object]:
    ids, positions = np.zeros(tokens, dtype=np.int32), np.zeros(tokens, dtype=np.int32)
    return lambda: engine.place(engine.embed(ids, positions), ids)


def _user_layer(engine: Engine, tokens: int) -> Callable[[], object]:
    hidden = np.zeros((tokens, engine.shape.hidden), dtype=np.float32)
    mask = np.zeros((tokens, tokens), dtype=np.float32)
    return lambda: engine.layer(hidden, mask, 1)


def _user_keys(engine: Engine, tokens: int) -> Callable[[], object]:
    hidden = np.zeros((tokens, engine.shape.hidden), dtype=np.float32)
    return lambda: engine.layer_keys(hidden, 1)


def _candidate_layer(engine: Engine, user_tokens: int, count: int, seq: int) -> Callable[[], object]:
    hidden = np.zeros((count, seq, engine.shape.hidden), dtype=np.float32)
    context = Context.nobody(engine.shape, user_tokens)
    return lambda: engine.layer_candidate(hidden, context, 1)


def _candidate_end(engine: Engine, user_tokens: int, count: int, seq: int) -> Callable[[], object]:
    hidden = np.zeros((count, seq, engine.shape.hidden), dtype=np.float32)
    ends = np.full(count, seq - 1, dtype=np.int32)
    context = Context.nobody(engine.shape, user_tokens)
    return lambda: engine.layer_end(hidden, ends, context, 1)


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


def _on(grid: Grid, engine: Engine, user_tokens: int, count: int) -> float:
    if not count:
        return 0.0
    padded = engine.padded_candidates(count)
    by_user = tuple((tokens, _at(points, padded)) for tokens, points in grid)
    return _at(by_user, engine.padded_user(max(user_tokens, 1)))


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
