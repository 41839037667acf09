"""A request on its way."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass

from edge.bundle.exits import MeasuredExit
from edge.runtime.pace import Pace
from edge.runtime.scoring import Candidates
from edge.runtime.user_timeline import UserTimeline
from edge.runtime.wish import Wish


@dataclass(frozen=True)
class Pending:
    """The user, the candidates, the exits, the limits and the start."""

    user: UserTimeline
    candidates: Candidates
    exits: Collection[MeasuredExit]
    wish: Wish
    started: float  # by the performance counter

    @property
    def milliseconds(self) -> float:
        """Since the call began."""
        return (time.perf_counter() - self.started) * 1e3

    def left(self, pace: Pace) -> float | None:
        """Calibrated milliseconds until the budget ends."""
        return None if self.wish.budget_ms is None else (self.wish.budget_ms - self.milliseconds) / pace.cautious
