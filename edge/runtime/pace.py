"""How fast the device is now, against when its costs were measured: heat and other work slow it, rest restores it."""

from __future__ import annotations

from threading import Lock

HALF_LIFE_MS = 60.0  # of work: how much of it halves the weight of what was measured before
FIRST_MS = 10.0  # the weight of the calibration itself, as if so much work had taken exactly its predicted time
WORST = 10.0  # a single step counts as at most so many times slower than expected: it was interrupted


class Pace:
    """A moving estimate of spent over predicted time, and of how far single requests deviate from it."""

    def __init__(self) -> None:
        self._predicted = self._spent = FIRST_MS
        self._spread = 0.05
        self._turn = Lock()

    @property
    def factor(self) -> float:
        """Times by which steps take longer than their calibrated costs."""
        return self._spent / self._predicted

    @property
    def cautious(self) -> float:
        """The same with a margin: the usual deviation is added, for requests that must not be late."""
        return self.factor * (1 + 2 * self._spread)

    def add(self, predicted_ms: float, spent_ms: float) -> None:
        """A step of so many calibrated milliseconds took so many."""
        if predicted_ms <= 0:
            return
        with self._turn:
            spent = min(spent_ms, WORST * self.factor * predicted_ms)
            stray = abs(spent / (self.factor * predicted_ms) - 1)
            left = 0.5 ** (spent / HALF_LIFE_MS)
            self._spread = left * self._spread + (1 - left) * min(stray, 1.0)
            self._predicted = left * self._predicted + predicted_ms
            self._spent = left * self._spent + spent
