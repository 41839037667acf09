"""The check that no example knows its future: spoil what comes later, and nothing earlier may change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from cloud.data.examples import Example
from cloud.data.log import Events
from edge.errors import EdgeError

Build = Callable[[Events], Iterable[Example]]


class LeakError(EdgeError):
    """An example changed when only events at or after its time did."""


def without_future(events: Events, time: float) -> Events:
    """Only what happened strictly before `time`."""
    return events.select(events.time < time)


def spoiled_future(events: Events, time: float) -> Events:
    """The same events, but from `time` on every like is turned around and the items are mixed up."""
    later = events.time >= time
    item, liked = events.item.copy(), events.liked.copy()
    item[later] = np.random.default_rng(0).permutation(item[later])
    liked[later] = ~liked[later]
    return replace(events, item=item, liked=liked)


def assert_no_leak(build: Build, events: Events, times: Sequence[float]) -> None:
    """Whatever lies at or after each of `times` must not touch what is shown for that time or an earlier one.

    `build(seen)` makes the same requests at each call, looking back on `seen`.
    Errors: LeakError names the request.
    """
    honest = list(build(events))
    for time in times:
        for spoil in (without_future, spoiled_future):
            _assert_equal(honest, list(build(spoil(events, time))), time)


def _assert_equal(honest: Sequence[Example], spoiled: Sequence[Example], time: float) -> None:
    if len(honest) != len(spoiled):
        raise LeakError(f"the number of requests changed with events from {time:.15g} on")
    for before, after in zip(honest, spoiled, strict=True):
        if before.time <= time:
            same = before.request.user == after.request.user and before.request.events == after.request.events
            _require(same, before, "the user side", time)
        for moment, one, other in zip(before.times, before.request.candidates, after.request.candidates, strict=True):
            if moment <= time:
                _require(one == other, before, f"candidate {one.id!r}", time)


def _require(same: bool, example: Example, what: str, time: float) -> None:
    if not same:
        raise LeakError(
            f"a leak: {what} of user {example.user_id!r} at {example.time:.15g} depends on events from {time:.15g} on",
            fix="look back only on events whose time is strictly earlier",
        )
