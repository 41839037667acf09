from dataclasses import replace

import numpy as np
import pytest
from logs import read

from cloud.data.examples import request_of
from cloud.data.log import PARTS, TEST, Log
from cloud.data.number_columns import known_at
from cloud.data.schema import Source
from edge.text.types import Event, Item


def times(events: tuple[Event, ...]) -> list[float]:
    return [event.time for event in events if event.time is not None]


def test_history_is_the_newest_strictly_earlier_events_oldest_first(log: Log) -> None:
    known = known_at(log)
    for row in np.flatnonzero(log.events.part == TEST).tolist():
        request = request_of(known, [row], 5)
        user, time = log.events.user[row], log.events.time[row]
        earlier = log.events.select((log.events.user == user) & (log.events.time < time))
        assert times(request.events) == earlier.time[-5:].tolist()
        assert [event.item.id for event in request.events] == [log.items[item].id for item in earlier.item[-5:]]
        assert [event.attributes["liked"] for event in request.events] == earlier.liked[-5:].tolist()
        assert request.time == time


def test_history_goes_on_within_the_test_period(few_real_users: Log) -> None:
    log, known = few_real_users, known_at(few_real_users)
    tested = np.flatnonzero(log.events.part == TEST)
    first = {user: log.events.time[tested][log.events.user[tested] == user].min() for user in log.events.user[tested]}
    within = [
        time
        for row in tested.tolist()
        for time in times(request_of(known, [row], 5).events)
        if time >= first[log.events.user[row]]
    ]
    assert len(within) > 5


def test_an_event_s_item_is_as_it_was_known_then(log: Log) -> None:
    known = known_at(log)
    row = int(np.flatnonzero(log.events.part == TEST)[-1])
    for event in request_of(known, [row], 100).events:
        earlier = log.events.select(log.events.time < event.time)
        assert event.item.attributes["views"] == (earlier.item == place_of(log, event.item)).sum()


def place_of(log: Log, item: Item) -> int:
    return [known.id for known in log.items].index(item.id)


def test_where_clocks_are_the_users_own_an_item_has_no_statistics(source: Source) -> None:
    log, _ = read(replace(source, log=replace(source.log, clock="user")))
    known = known_at(log)
    for row in range(0, len(log.events), 7):
        request = request_of(known, [row], 5)
        items = (*request.candidates, *(event.item for event in request.events))
        assert all(item.attributes.keys() <= {"title", "year"} for item in items)


@pytest.mark.parametrize("part", range(3), ids=PARTS)
def test_every_row_looks_back_on_its_user_alone(log: Log, part: int) -> None:
    known = known_at(log)
    for row in np.flatnonzero(log.events.part == part).tolist():
        start, end = known.window(row)
        assert set(known.events.user[start:end].tolist()) <= {int(log.events.user[row])}
