"""The numbers of a user's events and of candidates, standardised. SPEC.md, section 8."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge.text.columns import Keys, values_of_ids
from edge.text.event_columns import EventColumns
from edge.text.history import numbers_of
from edge.text.offered import NumberGroup, NumberGroups, Offered
from edge.text.types import Event, User

Floats32 = NDArray[np.float32]
MOST_ROWS = 4_096  # of a table; beyond, it is emptied
_ALL: Keys = ()


class _Table:
    """Numbers of a group that were computed for the events as they are, a row for each list of values."""

    def __init__(self, group: NumberGroup, time: float | None) -> None:
        self.time, self.rows = time, dict[Keys, int]()
        self.numbers = np.empty((0, len(group.numbers)), dtype=np.float32)

    def learn(self, values: Sequence[Keys], numbers: Floats32) -> None:
        self.rows |= {one: len(self.rows) + place for place, one in enumerate(values)}
        self.numbers = np.concatenate([self.numbers, numbers])


class UserNumbers:
    """Of one user, who gets events one by one. NaN: missing. What candidates share is computed once between events."""

    def __init__(self, groups: NumberGroups, user: User) -> None:
        """Errors: an attribute of the user that is no number where one is needed."""
        self._groups, self._events = groups, EventColumns(groups.numbers, user)
        self._tables: dict[int, _Table] = {}  # by the place of their group

    def add(self, event: Event) -> None:
        """One more. Errors: an attribute that is no number where one is needed; nothing is added then."""
        self._events.add(event)
        self._tables.clear()

    def of_events(self, start: int) -> Floats32:
        """(event, number) of the events from `start` on, each as when it was a candidate."""
        return numbers_of(self._groups.numbers, self._events.history(), self._events.as_entries(start))

    def of_candidates(self, candidates: Sequence[Offered], time: float | None) -> Floats32:
        """(candidate, number) at a moment, after all events."""
        groups = self._groups
        result = np.empty((len(candidates), len(groups.numbers)), dtype=np.float32)
        own = np.frombuffer(b"".join([one.own for one in candidates]), dtype=np.float32)
        result[:, groups.of_item] = own.reshape(len(candidates), len(groups.of_item))
        for which, group in enumerate(groups.groups):
            at = group.same
            values = [_ALL] if at < 0 else [one.values[at] for one in candidates]
            result[:, group.places] = self._rows(which, group, values, time)
        return result

    def _rows(self, which: int, group: NumberGroup, values: Sequence[Keys], time: float | None) -> Floats32:
        """(list of values, number) by the group's table, which learns those that it lacks."""
        table = self._tables.get(which)
        if table is None or (group.timed and table.time != time) or len(table.rows) > MOST_ROWS:
            table = self._tables[which] = _Table(group, time)
        new = [*dict.fromkeys(one for one in values if one not in table.rows)]
        if new:
            table.learn(new, self._computed(group, new, time))
        found: Floats32 = table.numbers[[table.rows[one] for one in values]]
        return found

    def _computed(self, group: NumberGroup, values: Sequence[Keys], time: float | None) -> Floats32:
        """(list of values, number); a value that no event's item has is that of none."""
        columns = {}
        if group.same >= 0:
            name = self._groups.same[group.same]
            ids = self._events.ids[name]
            columns = {name: values_of_ids([[ids.get(key, -1) for key in each] for each in values])}
        entries = self._events.candidates(len(values), time, columns)
        return numbers_of(group.numbers, self._events.history(), entries)
