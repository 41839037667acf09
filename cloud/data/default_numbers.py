"""The numbers that suit a log: those of MovieLens, and what `edge init` writes after looking at one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cloud.data.log import DRAWN, Log
from cloud.data.schema import Entities
from cloud.data.statistics import LIKED, RATING, VIEWS
from edge.text.columns import keys
from edge.text.number import Number

LAST = (5, 20)  # newest events
SMOOTHING, SHARED_SMOOTHING, LAST_SMOOTHING = 5.0, 3.0, 1.0  # events of the prior: of all, of one value, of the last
LEAST_ITEMS = 2.0  # that have a value, on average
NUMERIC = ("integer", "number")


def suggest_numbers(log: Log, items: Entities, users: Entities) -> tuple[Number, ...]:
    """For a log as it was read: of ratings or of clicks, with or without a clock that users share."""
    same = [name for name in items.attributes if _repeats(log, name)]
    return default_numbers(
        ratings=log.ratings is not None,
        only_liked=bool((log.events.liked | ~log.events.past).all()),
        population=log.shared_clock,
        liked_share=not (log.events.role == DRAWN).any(),
        same=same,
        item=_numeric(items),
        user=_numeric(users),
    )


def default_numbers(
    ratings: bool = True,
    only_liked: bool = False,
    population: bool = True,
    liked_share: bool = True,
    same: Sequence[str] = (),
    item: Sequence[str] = (),
    user: Sequence[str] = (),
) -> tuple[Number, ...]:
    """Of the item over all users, of the user's recent ratings, and of what the item shares with earlier events.

    `liked_share`: whether items have one: not in a log of choices alone. `only_liked`: every event is a like, so
    that counts say what shares cannot. `same`: attributes of items whose values repeat; `item`, `user`: attributes that
    are numbers.
    """
    return (
        *(_population(ratings, liked_share) if population else ()),
        *_pace(),
        *(() if only_liked else _mood()),
        *(_surplus() if ratings and population else ()),
        *(number for name in same for number in _alike(name, only_liked)),
        *(Number(name, of=f"item.{name}") for name in item),
        *(Number(f"user's {name}", of=f"user.{name}") for name in user),
    )


def _population(ratings: bool, liked_share: bool) -> Iterator[Number]:
    yield Number("views", of=f"item.{VIEWS}", transform="log1p")
    if liked_share:
        yield Number("liked share of the item", of=f"item.{LIKED}")
    if ratings:
        yield Number("mean rating", of=f"item.{RATING}")


def _pace() -> Iterator[Number]:
    yield Number("events", history="count", transform="log1p")
    yield Number("seconds since the last event", history="seconds", transform="log1p")


def _mood() -> Iterator[Number]:
    yield Number("liked share of the user", of="liked", history="mean", smoothing=SMOOTHING)
    for last in LAST:
        yield Number(f"liked share of the last {last}", of="liked", history="mean", last=last, smoothing=LAST_SMOOTHING)


def _surplus() -> Iterator[Number]:
    """By how much the user's ratings were above their items' means then."""
    name, mean, last = "surplus", f"item.{RATING}", LAST[-1]
    yield Number(name, of="rating", minus=mean, history="mean", smoothing=SMOOTHING)
    yield Number(
        f"{name} of the last {last}", of="rating", minus=mean, history="mean", last=last, smoothing=LAST_SMOOTHING
    )


def _alike(same: str, only_liked: bool) -> Iterator[Number]:
    """Of the events whose item shares a value of an attribute."""
    if only_liked:
        yield Number(f"events by {same}", history="count", same=same, over="most", transform="log1p")
        yield Number(f"seconds since an event by {same}", history="seconds", same=same, over="least", transform="log1p")
        return
    for over in ("mean", "most", "least"):
        yield Number(
            f"liked share by {same}, {over}", of="liked", history="mean", same=same, over=over,
            smoothing=SHARED_SMOOTHING,
        )  # fmt: skip
    yield Number(f"events by {same}", history="count", same=same, transform="log1p")


def _repeats(log: Log, attribute: str) -> bool:
    """True if the attribute is words that several items share."""
    met: dict[object, int] = {}
    for item in log.items:
        value = item.attributes.get(attribute)
        if isinstance(value, int | float):
            return False
        for key in keys(value):
            met[key] = met.get(key, 0) + 1
    return len(met) > 1 and sum(met.values()) >= LEAST_ITEMS * len(met)


def _numeric(entities: Entities) -> list[str]:
    return [name for name, attribute in entities.attributes.items() if attribute.type in NUMERIC]
