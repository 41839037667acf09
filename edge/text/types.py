"""What a request is made of: plain records of named attributes, no item ids needed to rank."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Value = str | int | float | bool | tuple[str, ...] | None


@dataclass(frozen=True)
class User:
    """The profile: attributes that templates may name, e.g. {"age": 24, "occupation": "student"}."""

    attributes: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Item:
    """Something to rank. `id` only names it in the answer: the score depends on the attributes' text."""

    id: str
    attributes: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Event:
    """One past behaviour of the user with an item. `time` is in seconds since 1970, UTC."""

    item: Item
    attributes: Mapping[str, Value] = field(default_factory=dict)  # e.g. {"liked": True}
    time: float | None = None


@dataclass(frozen=True)
class Request:
    """Rank `candidates` for `user`, whose `events` come oldest first. `time` is the moment, as an event's is."""

    user: User
    events: tuple[Event, ...]
    candidates: tuple[Item, ...]
    time: float | None = None
