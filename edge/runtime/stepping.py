"""From exit to exit: until the depth is reached, the time is up, or the best have stopped changing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from edge.bundle.cascade import Cascade
from edge.engines.protocol import Engine
from edge.runtime.pace import Pace
from edge.runtime.planner import Predictor, Work
from edge.runtime.ranked import BUDGET, DEPTH, SETTLED
from edge.runtime.scoring import Candidates

Clock = Callable[[], float]  # seconds


@dataclass(frozen=True)
class Goal:
    """Where a request may end. Exits ascend; the first is always reached."""

    exits: Sequence[int]
    deadline: float | None = None  # by the clock
    top: int | None = None  # how many of the best matter
    patience: int | None = None  # end when their order has held for so many exits
    cascade: Cascade | None = None  # who may stop early


@dataclass
class Scores:
    """Of all candidates, each from the exit that it reached."""

    logits: np.ndarray  # (candidates,)
    depths: np.ndarray  # (candidates,)
    ended: str = DEPTH
    on_the_way: list[int] = field(default_factory=list)  # candidates at each exit passed

    @property
    def order(self) -> np.ndarray:
        """Places best first: who went deeper before who stopped early, then by logit."""
        order: np.ndarray = np.lexsort((-self.logits, -self.depths))
        return order


class Walk:
    """One request on its way."""

    def __init__(
        self, engine: Engine, predictor: Predictor, pace: Pace, work: Work, clock: Clock = time.perf_counter
    ) -> None:
        self._engine, self._predictor, self._pace, self._work, self._clock = engine, predictor, pace, work, clock

    def nowhere(self) -> Scores:
        """Of a request without candidates."""
        return Scores(np.empty(0, dtype=np.float32), np.empty(0, dtype=np.int64))

    def go(self, begin: Callable[[], Candidates], goal: Goal) -> Scores:
        count = self._work.candidates
        with self._paced(self._predictor.begin(self._work)):
            candidates = begin()
        found = Scores(np.zeros(count, dtype=np.float32), np.zeros(count, dtype=np.int64))
        settled, alive = _Settled(goal), np.arange(count)
        for exit, further in zip(goal.exits, (*goal.exits[1:], None), strict=True):
            if found.on_the_way and not self._in_time(candidates.depth, exit, len(alive), goal):
                found.ended = BUDGET
                break
            found.on_the_way.append(len(alive))
            if further is None or not self._in_time(candidates.depth, further, len(alive), goal, exit):
                found.ended = DEPTH if further is None else BUDGET
                self._end(candidates, exit, alive, found)
                return found
            self._advance(candidates, exit, len(alive))
            if goal.top is None:
                continue
            self._score(candidates, alive, found)
            if settled.at(found):
                found.ended = SETTLED
                break
            alive = self._drop(candidates, exit, alive, goal, found)
        self._score(candidates, alive, found)
        return found

    def _drop(self, candidates: Candidates, exit: int, alive: np.ndarray, goal: Goal, found: Scores) -> np.ndarray:
        """Who goes on by the goal's cascade."""
        if goal.cascade is None:
            return alive
        staying = goal.cascade.staying(exit, found.logits[alive], self._engine.padded_candidates)
        if len(staying) < len(alive):
            candidates.keep(staying)
        return np.asarray(alive[staying])

    def _in_time(self, depth: int, end: int, alive: int, goal: Goal, scored: int | None = None) -> bool:
        """True if a request that ends at `end`, with scores on the way at `scored`, keeps to the deadline."""
        if goal.deadline is None:
            return True
        ahead = self._predictor.ending(self._work, depth, end, alive)
        if scored is not None and goal.top is not None:
            ahead += self._predictor.head(alive)
        return self._clock() + self._pace.cautious * ahead / 1e3 <= goal.deadline

    def _advance(self, candidates: Candidates, depth: int, alive: int) -> None:
        while candidates.depth < depth:
            predicted = self._predictor.layers(self._work, candidates.depth, candidates.depth + 1, alive)
            with self._paced(predicted):
                candidates.advance()

    def _end(self, candidates: Candidates, exit: int, alive: np.ndarray, found: Scores) -> None:
        """Scores at an exit after which there is none."""
        self._advance(candidates, exit - 1, len(alive))
        with self._paced(self._predictor.ending(self._work, exit - 1, exit, len(alive))):
            found.logits[alive] = self._engine.head(candidates.end())
        found.depths[alive] = exit

    def _score(self, candidates: Candidates, alive: np.ndarray, found: Scores) -> None:
        if not (found.depths[alive] == candidates.depth).all():
            found.logits[alive] = self._engine.head(candidates.at_end())
            found.depths[alive] = candidates.depth

    @contextmanager
    def _paced(self, predicted: float) -> Iterator[None]:
        """Compares what a step was predicted to take, in milliseconds, with what it takes."""
        started = self._clock()
        yield
        self._pace.add(predicted, (self._clock() - started) * 1e3)


class _Settled:
    """Whether the best have kept their order."""

    def __init__(self, goal: Goal) -> None:
        self._goal = goal
        self._best: tuple[int, ...] = ()
        self._held = 0

    def at(self, found: Scores) -> bool:
        if self._goal.patience is None:
            return False
        best = tuple(found.order[: self._goal.top].tolist())
        self._held = self._held + 1 if best == self._best else 0
        self._best = best
        return self._held >= self._goal.patience
