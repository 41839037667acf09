"""Requests to the columns that numbers are computed from."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from edge.errors import EdgeError
from edge.text.arithmetic import running
from edge.text.history import Entries, History, Values, numbers_of
from edge.text.number import Number
from edge.text.types import Event, Item, Request, User, Value
from edge.text.wording import is_missing

Ids = dict[Hashable, int]
_NUMBERS = frozenset({int, float, bool})


def request_numbers(numbers: Sequence[Number], request: Request) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(event, number) of the past events, each after those of an earlier time; (candidate, number). NaN: missing.

    Errors: an attribute that is no number where one is needed.
    """
    ids: dict[str, Ids] = {name: {} for name in same_attributes(numbers)}
    events = request.events
    history = history_of(numbers, events, ids)
    candidates = entries_of(numbers, request.user, request.candidates, len(events), request.time, ids)
    past = past_entries(numbers, request.user, events, history, ids)
    return numbers_of(numbers, history, past), numbers_of(numbers, history, candidates)


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


def history_of(numbers: Sequence[Number], events: Sequence[Event], ids: Mapping[str, Ids]) -> History:
    """The events' columns; `ids` learns the values met."""
    time = np.array([math.nan if event.time is None else event.time for event in events], dtype=np.float64)
    read = event_attributes(numbers)
    columns = {name: _column(name, (_of_event(event, name) for event in events), "events[{}]") for name in read}
    items = [event.item for event in events]
    return History(time, columns, {name: values_of(items, name, ids[name]) for name in ids})


def entries_of(
    numbers: Sequence[Number],
    user: User,
    items: Sequence[Item],
    events: int,
    time: float | None,
    ids: Mapping[str, Ids],
) -> Entries:
    """The candidates' columns, each after all `events`."""
    count = len(items)
    return Entries(
        start=np.zeros(count, dtype=np.int64),
        end=np.full(count, events, dtype=np.int64),
        time=np.full(count, math.nan if time is None else time),
        attributes=_attributes(numbers, user, items, "candidates[{}]"),
        values={name: values_of(items, name, known) for name, known in ids.items()},
    )


def past_entries(
    numbers: Sequence[Number], user: User, events: Sequence[Event], history: History, ids: Mapping[str, Ids]
) -> Entries:
    """The past events' own columns, as when they were candidates."""
    items = [event.item for event in events]
    return Entries(
        start=np.zeros(len(events), dtype=np.int64),
        end=earlier_events(history.time),
        time=history.time,
        attributes=_attributes(numbers, user, items, "events[{}].item"),
        values={name: values_of(items, name, known) for name, known in ids.items()},
    )


def earlier_events(time: NDArray[np.float64]) -> NDArray[np.int64]:
    """(event,) how many events are of an earlier time; without a time, all that stand before it.

    Neighbours of one known time are one screen.
    """
    count = len(time)
    new = np.ones(count, dtype=bool)
    new[1:] = time[1:] != time[:-1]  # NaN differs from everything
    return np.maximum.accumulate(np.where(new, np.arange(count), 0)) if count else np.zeros(0, dtype=np.int64)


def values_of(items: Sequence[Item], attribute: str, ids: Ids) -> Values:
    """The ids of each item's distinct values, a value not met before getting the next one."""
    met: dict[tuple[type, Value], list[int]] = {}  # items share values: a value's keys are made once
    found = []
    for item in items:
        value = item.attributes.get(attribute)
        known = (type(value), value)  # 1, 1.0 and true are equal, and not the same
        if known not in met:
            met[known] = [ids.setdefault(key, len(ids)) for key in keys(value)]
        found.append(met[known])
    counts = np.array([len(of_item) for of_item in found], dtype=np.int64)
    return Values(running(counts), np.array([one for of_item in found for one in of_item], dtype=np.int64))


def keys(value: Value) -> Iterable[Hashable]:
    """What equal values share: 1977 and 1977.0 do; 1, true and "1" do not. Of a list each distinct text, in order."""
    if is_missing(value):
        return ()
    if isinstance(value, tuple):
        return tuple(dict.fromkeys(("text", text) for text in value if not is_missing(text)))
    if isinstance(value, bool):
        return (("truth", value),)
    return (("text", value),) if isinstance(value, str) else (("number", value),)


def _attributes(
    numbers: Sequence[Number], user: User, items: Sequence[Item], where: str
) -> dict[str, NDArray[np.float64]]:
    columns = {}
    for name in entry_attributes(numbers):
        record, _, attribute = name.partition(".")
        if record == "user":
            columns[name] = np.full(len(items), number_of(user.attributes.get(attribute), f"user.{attribute}"))
        else:
            values = (item.attributes.get(attribute) for item in items)
            columns[name] = _column(attribute, values, where)
    return columns


def _of_event(event: Event, name: str) -> Value:
    attribute = name.removeprefix("item.")
    return (event.attributes if attribute == name else event.item.attributes).get(attribute)


def _column(name: str, values: Iterable[Value], where: str) -> NDArray[np.float64]:
    found = list(values)
    if not _NUMBERS.issuperset(map(type, found)):  # names are made for what is no number alone
        found = [
            value if type(value) in _NUMBERS else number_of(value, f"{where.format(place)}.{name}")
            for place, value in enumerate(found)
        ]
    return np.array(found, dtype=np.float64)


def number_of(value: Value, where: str) -> float:
    """A number as it is, true 1, false 0, NaN for what is missing. Errors: text or a list."""
    if isinstance(value, int | float):
        return float(value)
    if is_missing(value):
        return math.nan
    raise EdgeError(
        f"{where} is {value!r:.60}, and the numbers of the model need a number", fix="send a number or null"
    )
