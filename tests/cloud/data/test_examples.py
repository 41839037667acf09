from collections.abc import Iterator

import numpy as np
import pytest

from cloud.data.examples import Blocks, Example, examples
from cloud.data.leaks import LeakError, assert_no_leak
from cloud.data.log import PARTS, TEST, TRAIN, VALIDATION, Events, Log
from edge.text.types import Event, Item, Request, User

BLOCKS = Blocks(candidates=4, events=5, least=2)


def cuts(log: Log) -> list[float]:
    """Moments spread over the log, each with events exactly at it."""
    return np.quantile(log.events.time, [0.1, 0.35, 0.6, 0.85, 1.0], method="nearest").tolist()


@pytest.mark.parametrize("part", range(3), ids=PARTS)
def test_no_example_knows_its_future(log: Log, part: int) -> None:
    assert_no_leak(lambda seen: examples(log, part, BLOCKS, seen), log.events, cuts(log))


@pytest.mark.parametrize("part", range(3), ids=PARTS)
def test_no_example_of_real_users_knows_its_future(few_real_users: Log, part: int) -> None:
    log = few_real_users
    assert_no_leak(lambda seen: examples(log, part, Blocks(16), seen), log.events, cuts(log))


def changed(example: Example, request: Request) -> Example:
    return Example(example.user_id, request, example.times, example.labels)


def views_of_all_time(log: Log, seen: Events) -> Iterator[Example]:
    views = np.bincount(seen.item, minlength=len(log.items)).tolist()
    rows = {item.id: views[index] for index, item in enumerate(log.items)}
    for example in examples(log, TEST, BLOCKS, seen):
        request = example.request
        items = tuple(Item(item.id, {**item.attributes, "views": rows[item.id]}) for item in request.candidates)
        yield changed(example, Request(request.user, request.events, items))


def share_that_counts_the_moment_itself(log: Log, seen: Events) -> Iterator[Example]:
    names = [item.id for item in log.items]
    for example in examples(log, TRAIN, BLOCKS, seen):
        items = []
        for item, time in zip(example.request.candidates, example.times, strict=True):
            here = (seen.item == names.index(item.id)) & (seen.time <= time)
            items.append(Item(item.id, {"liked_share": float(seen.liked[here].mean()) if here.any() else None}))
        yield changed(example, Request(example.request.user, example.request.events, tuple(items)))


def history_with_the_event_itself(log: Log, seen: Events) -> Iterator[Example]:
    for example in examples(log, VALIDATION, BLOCKS, seen):
        request = example.request
        user = log.user_ids.index(example.user_id)
        now = seen.select((seen.user == user) & (seen.time == example.time))
        own = [Event(log.items[item], {}, example.time) for item in now.item]
        yield changed(example, Request(request.user, (*request.events, *own), request.candidates))


def profile_from_the_whole_log(log: Log, seen: Events) -> Iterator[Example]:
    for example in examples(log, TEST, BLOCKS, seen):
        mine = seen.liked[seen.user == log.user_ids.index(example.user_id)]
        user = User({"liked_share": float(mine.mean()) if len(mine) else None})
        yield changed(example, Request(user, example.request.events, example.request.candidates))


@pytest.mark.parametrize(
    ("leaking", "what"),
    [
        (views_of_all_time, "candidate"),
        (share_that_counts_the_moment_itself, "candidate"),
        (history_with_the_event_itself, "the user side"),
        (profile_from_the_whole_log, "the user side"),
    ],
)
def test_a_planted_leak_is_caught(log: Log, leaking: object, what: str) -> None:
    with pytest.raises(LeakError, match=f"a leak: {what} .* depends on events from"):
        assert_no_leak(lambda seen: leaking(log, seen), log.events, cuts(log))  # type: ignore[operator]


@pytest.mark.parametrize("part", range(3), ids=PARTS)
def test_every_event_of_a_part_is_a_candidate_once(log: Log, part: int) -> None:
    found = list(examples(log, part, BLOCKS))
    wanted = log.events.select(log.events.part == part)
    names = [item.id for example in found for item in example.request.candidates]
    assert names == [log.items[item].id for item in wanted.item]
    assert [label for example in found for label in example.labels] == wanted.liked.astype(int).tolist()
    assert max(len(example.labels) for example in found) <= BLOCKS.candidates


def test_history_is_the_newest_strictly_earlier_events_oldest_first(log: Log) -> None:
    for example in examples(log, TEST, BLOCKS):
        times = [event.time for event in example.request.events if event.time is not None]
        assert times == sorted(times)
        assert all(time < example.time for time in times)
        user = log.user_ids.index(example.user_id)
        earlier = log.events.select((log.events.user == user) & (log.events.time < example.time))
        assert times == earlier.time[-BLOCKS.events :].tolist()


def test_history_goes_on_within_the_test_period(few_real_users: Log) -> None:
    log = few_real_users
    tested = {log.user_ids[user]: log.events.time[(log.events.user == user) & (log.events.part == TEST)].min()
              for user in np.unique(log.events.user[log.events.part == TEST])}  # fmt: skip
    within = [
        event.time
        for example in examples(log, TEST, Blocks(1, 5))
        for event in example.request.events
        if event.time is not None and event.time >= tested[example.user_id]
    ]
    assert len(within) > 5


def test_where_clocks_are_the_users_own_an_item_has_no_statistics(log: Log) -> None:
    for example in examples(log, TEST, Blocks(4, 5, 2, population=False)):
        assert all("views_rank" not in item.attributes for item in example.request.candidates)
        assert "liked_share" in example.request.user.attributes


def test_a_share_needs_enough_earlier_events(log: Log) -> None:
    for example in examples(log, TRAIN, Blocks(4, 5, least=4)):
        known = "liked_share" in example.request.user.attributes
        assert known == (len(example.request.events) >= 4)
