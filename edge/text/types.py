"""The parts of a request: plain records of named attributes. Scores depend on attributes alone, never on ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Value = str | int | float | bool | tuple[str, ...] | None


@dataclass(frozen=True)
class User:
    """The profile of a user: attributes that do not change with behaviour, e.g. {"age": 24}."""

    attributes: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Item:
    """Something to rank, e.g. Item("172", {"title": "Heat"}). `id` identifies it in the answer and is not scored."""

    id: str
    attributes: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Event:
    """One past behaviour of a user with an item; `attributes` are the event's own, e.g. {"liked": True}.

    `time` is in seconds since 1970 UTC, or None if it is not known. `item.attributes` are those of that time.
    """

    item: Item
    attributes: Mapping[str, Value] = field(default_factory=dict)
    time: float | None = None


@dataclass(frozen=True)
class Request:
    """A parsed request: rank `candidates` (1 to 1,000) for `user`, whose `events` (at most 10,000) are oldest first.

    `time` is that of the request, in seconds since 1970 UTC, or None.
    """

    user: User
    events: tuple[Event, ...]
    candidates: tuple[Item, ...]
    time: float | None = None
