"""What numbers read of an item alone: computed once, however often and to however many users the item is offered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.text.columns import NUMBERS, Keys, keys_of, number_of, same_attributes
from edge.text.history import Entries, History, numbers_of
from edge.text.number import Number
from edge.text.types import Item


@dataclass(frozen=True)
class NumberGroup:
    """Numbers that are the same for all candidates whose items have the same values of `same`; empty: for all."""

    places: tuple[int, ...]
    numbers: tuple[Number, ...]
    same: int  # which of the attributes; -1 for none
    timed: bool  # they change from moment to moment


class NumberGroups:
    """The numbers of a specification by what they depend on: the item alone, or the user and values of the item."""

    def __init__(self, numbers: Sequence[Number]) -> None:
        self.numbers, self.same = tuple(numbers), tuple(same_attributes(numbers))
        self.of_item = tuple(
            place for place, number in enumerate(numbers) if number.of.startswith("item.") and not number.history
        )
        places: dict[tuple[int, bool], list[int]] = {}
        for place, number in enumerate(numbers):
            if place not in self.of_item:
                same = self.same.index(number.same) if number.same else -1
                places.setdefault((same, number.history == "seconds"), []).append(place)
        self.groups = tuple(
            NumberGroup(tuple(found), tuple(numbers[place] for place in found), *key) for key, found in places.items()
        )

    def offered(self, items: Sequence[Item], where: str = "candidates") -> list[Offered]:
        """Of each item. Errors: an attribute that is no number where one is needed."""
        own = self._own(items, where)
        values = [keys_of(items, name) for name in self.same]
        return [Offered(own[place].tobytes(), tuple(of[place] for of in values)) for place in range(len(items))]

    def _own(self, items: Sequence[Item], where: str) -> np.ndarray:
        """(item, number) those that depend on the item alone."""
        numbers = [self.numbers[place] for place in self.of_item]
        names = {number.of: number.of.removeprefix("item.") for number in numbers}
        columns = {
            of: np.array(
                [number_of(item.attributes.get(name), f"{where}[{place}].{name}") for place, item in enumerate(items)]
            )
            for of, name in names.items()
        }
        none, unknown = np.zeros(len(items), dtype=np.int64), np.full(len(items), np.nan)
        return numbers_of(numbers, History(np.zeros(0), {}, {}), Entries(none, none, unknown, columns, {}))


@dataclass(frozen=True, slots=True)
class Offered:
    """`own`: float32, its numbers that depend on nothing else; `values`: of each attribute that is compared."""

    own: bytes
    values: tuple[Keys, ...]


def _column(items: Sequence[Item], name: str, where: str) -> np.ndarray:
    found = [item.attributes.get(name) for item in items]
    if not NUMBERS.issuperset(map(type, found)):
        found = [number_of(value, f"{where}[{place}].{name}") for place, value in enumerate(found)]
    return np.array(found, dtype=np.float64)
