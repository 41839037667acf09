"""What numbers read of records, and as what."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence

import numpy as np

from edge.errors import EdgeError
from edge.text.arithmetic import running
from edge.text.event_sums import Values
from edge.text.number import Number
from edge.text.types import Item, Value
from edge.text.wording import is_missing

Ids = dict[Hashable, int]
Keys = tuple[Hashable, ...]
NUMBERS = frozenset({int, float, bool})  # names are made for what is no number alone


def same_attributes(numbers: Sequence[Number]) -> list[str]:
    """The item attributes whose equality counts, in order of first use."""
    return list(dict.fromkeys(number.same for number in numbers if number.same))


def event_attributes(numbers: Sequence[Number]) -> list[str]:
    """What is read of past events: "liked", "item.price"."""
    found = (name for number in numbers if number.history for name in (number.of, number.minus, number.where))
    return list(dict.fromkeys(filter(None, found)))


def entry_attributes(numbers: Sequence[Number]) -> list[str]:
    """What is read of the entry itself: "item.price", "user.age"."""
    return list(dict.fromkeys(number.of for number in numbers if not number.history))


def values_of(items: Sequence[Item], attribute: str, ids: Ids) -> Values:
    """The ids of each item's distinct values, a value not met before getting the next one."""
    found = [[ids.setdefault(key, len(ids)) for key in of_item] for of_item in keys_of(items, attribute)]
    return values_of_ids(found)


def values_of_ids(of_items: Sequence[Sequence[int]]) -> Values:
    """The value ids of items, as one column with the start of each item."""
    counts = np.array([len(ids) for ids in of_items], dtype=np.int64)
    return Values(running(counts), np.array([one for ids in of_items for one in ids], dtype=np.int64))


def keys_of(items: Iterable[Item], attribute: str) -> list[Keys]:
    """`keys` of each item's value. Items share values: the keys of one are made once."""
    met: dict[tuple[type, Value], Keys] = {}
    found = []
    for item in items:
        value = item.attributes.get(attribute)
        known = (type(value), value)  # 1, 1.0 and true are equal, and not the same
        if known not in met:
            met[known] = keys(value)
        found.append(met[known])
    return found


def keys(value: Value) -> Keys:
    """What equal values share: 1977 and 1977.0 do; 1, true and "1" do not. Of a list each distinct text, in order."""
    if is_missing(value):
        return ()
    if isinstance(value, tuple):
        return tuple(dict.fromkeys(("text", text) for text in value if not is_missing(text)))
    if isinstance(value, bool):
        return (("truth", value),)
    return (("text", value),) if isinstance(value, str) else (("number", value),)


def number_of(value: Value, where: str) -> float:
    """A number as it is, true 1, false 0, NaN for what is missing. Errors: text or a list."""
    if isinstance(value, int | float):
        return float(value)
    if is_missing(value):
        return math.nan
    raise EdgeError(f"{where} is {value!r:.60}, but the model reads it as a number", fix="send a number or null")
