"""The numbers of a user's events and candidates, standardised: what the engine reads of them. SPEC, section 8."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.text.columns import Ids, entries_of, history_of, past_entries
from edge.text.history import History, numbers_of
from edge.text.number import Number
from edge.text.types import Event, Item, User

Inputs = tuple[np.ndarray, np.ndarray]  # (row, number): values, 0 where one is missing; and 1 there


class UserNumbers:
    """Of one user, whose events are looked back on as they are now."""

    def __init__(self, numbers: Sequence[Number], user: User, events: Sequence[Event]) -> None:
        self._numbers, self._user, self._events = numbers, user, events
        self._ids: dict[str, Ids] = {number.same: {} for number in numbers if number.same}
        self._history: History = history_of(numbers, events, self._ids)

    def of_events(self, start: int) -> Inputs:
        """Of the events from `start` on, each as when it was a candidate."""
        past = past_entries(self._numbers, self._user, self._events, self._history, self._ids)
        return _inputs(numbers_of(self._numbers, self._history, past)[start:])

    def of_candidates(self, items: Sequence[Item], time: float | None) -> Inputs:
        """Of candidates at a moment, after all events."""
        count = len(self._events)
        entries = entries_of(self._numbers, self._user, items, count, time, self._ids)
        return _inputs(numbers_of(self._numbers, self._history, entries))


def _inputs(numbers: np.ndarray) -> Inputs:
    missing = np.isnan(numbers)
    return np.where(missing, np.float32(0), numbers), missing.astype(np.float32)
