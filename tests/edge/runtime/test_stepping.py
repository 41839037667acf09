"""A walk goes from exit to exit and ends at its depth, in time, or when the best have settled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from edge.bundle.cascade import Cascade
from edge.runtime.planner import Predictor, Work
from edge.runtime.ranked import BUDGET, DEPTH, SETTLED
from edge.runtime.stepping import Goal, Scores, Walk
from padding_engine import COSTS, ENGINE, PaddingEngine

from edge.runtime.pace import Pace

WORK = Work("prefix", user_tokens=10, candidates=6, candidate_tokens=5, started=True, user_depth=6, user_keys=6)
STEP, LAST, HEAD = 0.004, 0.001, 0.0005  # seconds predicted for 8 candidates (6, padded): a layer, a last one, the head


class Rehearsed:
    """Candidates whose logits at each depth are known; a layer takes `seconds` of the clock."""

    def __init__(self, logits: Sequence[Sequence[float]], seconds: float = STEP) -> None:
        self.depth, self.now = 0, 0.0
        self._logits, self._seconds = np.array(logits, dtype=np.float32), seconds

    def clock(self) -> float:
        return self.now

    def advance(self) -> None:
        self.depth += 1
        self.now += self._seconds

    def at_end(self) -> np.ndarray:
        return self._logits[self.depth - 1][:, None]

    def end(self) -> np.ndarray:
        self.now += self._seconds * LAST / STEP
        return self._logits[self.depth][:, None]

    def keep(self, places: np.ndarray) -> None:
        self._logits = self._logits[:, places]


class Echo(PaddingEngine):
    """Its head gives back what it is given."""

    def head(self, hidden: np.ndarray) -> np.ndarray:
        self.calls.append(("head", len(hidden)))
        return hidden[:, 0]


def walk(candidates: Rehearsed, goal: Goal, pace: Pace | None = None) -> Scores:
    engine: Any = Echo()
    walker = Walk(engine, Predictor(COSTS, ENGINE), pace or Pace(), WORK, candidates.clock)
    return walker.go(lambda: candidates, goal)


STEADY = [[6, 5, 4, 3, 2, 1]] * 6
CHANGING = [[1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1], [6, 5, 4, 3, 1, 2], [6, 5, 3, 4, 1, 2], [6, 5, 3, 4, 1, 2], [9] * 6]


def test_without_a_deadline_the_last_exit_is_reached() -> None:
    found = walk(Rehearsed(CHANGING), Goal([1, 3, 5]))
    assert (found.ended, found.on_the_way) == (DEPTH, [6, 6, 6])
    assert found.depths.tolist() == [5] * 6 and found.order.tolist() == [0, 1, 3, 2, 5, 4]


def test_no_exit_is_begun_that_would_come_too_late() -> None:
    for layers in range(1, 7):
        candidates = Rehearsed(STEADY)
        found = walk(candidates, Goal([1, 2, 3, 4, 5, 6], deadline=(layers - 1) * STEP + 2 * (LAST + HEAD)))
        assert max(found.depths) == layers
        assert found.ended == (BUDGET if layers < 6 else DEPTH)
        assert np.isclose(candidates.now, (layers - 1) * STEP + LAST)  # of the last layer only what its scores need


def test_the_first_exit_is_reached_however_late() -> None:
    found = walk(Rehearsed(STEADY), Goal([2, 4], deadline=-1.0))
    assert (set(found.depths), found.ended) == ({2}, BUDGET)


def test_exits_further_apart_are_begun_as_a_whole() -> None:
    found = walk(Rehearsed(STEADY), Goal([1, 4], deadline=3 * STEP))
    assert set(found.depths) == {1}


def test_a_device_that_slows_down_stops_earlier_and_later_goes_deep_again() -> None:
    pace, goal = Pace(), Goal([1, 2, 3, 4, 5, 6], deadline=6.5 * STEP)
    depths = []
    for slowness in (1.0, 1.0, 3.0, 3.0, 3.0, 1.0, 1.0, 1.0, 1.0, 1.0):
        depths.append(int(max(walk(Rehearsed(STEADY, slowness * STEP), goal, pace).depths)))
    assert depths[1] >= 5 and depths[4] <= 2 and depths[-1] >= 5


def test_scoring_ends_when_the_best_have_kept_their_order() -> None:
    found = walk(Rehearsed(CHANGING), Goal([1, 2, 3, 4, 5, 6], top=2, patience=1))
    assert (found.ended, set(found.depths)) == (SETTLED, {3})
    patient = walk(Rehearsed(CHANGING), Goal([1, 2, 3, 4, 5, 6], top=2, patience=2))
    assert set(patient.depths) == {4}
    whole = walk(Rehearsed(CHANGING), Goal([1, 2, 3, 4, 5, 6], top=6, patience=2))
    assert whole.ended == DEPTH


def test_in_a_cascade_the_hopeless_stop_and_stand_behind_those_who_went_on() -> None:
    cascade = Cascade(top=1, margins={1: 2.5, 2: 0.0}, agreement=1.0, work=1.0)
    logits = [[1, 9, 2, 8, 7, 0], [0, 1, 0, 5, 2, 0], [0, 3, 0, 4, 9, 0]]
    found = walk(Rehearsed(logits), Goal([1, 2, 3], top=1, cascade=cascade))
    assert found.on_the_way == [6, 4, 4]  # three are near enough; a fourth costs nothing
    assert found.depths.tolist() == [1, 3, 3, 3, 3, 1] and found.order.tolist() == [4, 3, 1, 2, 0, 5]
    assert found.logits.tolist() == [1, 3, 0, 4, 9, 0]


def test_who_stops_early_for_having_settled_has_computed_whole_layers() -> None:
    candidates = Rehearsed(STEADY)
    found = walk(candidates, Goal([1, 2, 3, 4, 5, 6], top=2, patience=1))
    assert (found.ended, candidates.now) == (SETTLED, 2 * STEP)
