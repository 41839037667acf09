import numpy as np
import pytest

from cloud.data.log import TEST, TRAIN, VALIDATION, Log
from cloud.data.schema import Split
from cloud.data.split import parts, unseen_items
from edge.errors import EdgeError


def users(*counts: int) -> np.ndarray:
    return np.repeat(np.arange(len(counts), dtype=np.int32), counts)


def apart(user: np.ndarray) -> np.ndarray:
    """A time of its own for every row."""
    return np.arange(len(user), dtype=np.float64)


def test_the_last_tenth_tests_and_the_tenth_before_validates() -> None:
    user = users(20, 9)
    expected = [TRAIN] * 16 + [VALIDATION] * 2 + [TEST] * 2 + [TRAIN] * 9
    assert parts(user, apart(user), Split()).tolist() == expected


def test_a_screen_is_never_divided() -> None:
    """Of 20 rows the last three were shown at once: the last tenth, two rows, would divide them."""
    user, time = users(20), np.array([*range(17), 17, 17, 17], dtype=np.float64)
    assert parts(user, time, Split()).tolist() == [TRAIN] * 16 + [VALIDATION] * 4
    random = np.random.default_rng(0)
    for by in ("user", "time", "last"):
        user = np.sort(random.integers(0, 9, 400)).astype(np.int32)
        time = random.integers(0, 12, 400).astype(np.float64)
        time = time[np.lexsort((time, user))]
        part = parts(user, time, Split(by=by))
        screens = {(one, moment): set() for one, moment in zip(user, time, strict=True)}
        for one, moment, where in zip(user, time, part, strict=True):
            screens[one, moment].add(int(where))
        assert all(len(found) == 1 for found in screens.values())
        assert set(part.tolist()) == {TRAIN, VALIDATION, TEST}


def test_one_time_for_all_divides_no_moment() -> None:
    user = users(10, 10)
    time = np.array([*range(10), *range(10)], dtype=np.float64)
    part = parts(user, time, Split(by="time"))
    assert part.tolist() == ([TRAIN] * 8 + [VALIDATION] + [TEST]) * 2


def test_the_last_screen_of_each_user_is_left_out() -> None:
    user, time = users(5, 2, 1), np.array([1, 2, 2, 3, 3, 1, 2, 1], dtype=np.float64)
    expected = [TRAIN, VALIDATION, VALIDATION, TEST, TEST, TRAIN, TEST, TRAIN]
    assert parts(user, time, Split(by="last")).tolist() == expected


def test_items_held_out_of_training_are_in_test_rows_alone(log: Log) -> None:
    item = log.events.item
    held = unseen_items(item, Split(unseen_items=0.25))
    assert len(np.unique(item[held])) == len(np.unique(item)) // 4
    assert (unseen_items(item, Split(unseen_items=0.25)) == held).all()
    assert (unseen_items(item, Split(unseen_items=0.25, seed=1)) != held).any()


@pytest.mark.parametrize("count", range(1, 200))
def test_shares_round_down_exactly(count: int) -> None:
    part = parts(users(count), apart(users(count)), Split())
    assert (part == TEST).sum() == (part == VALIDATION).sum() == count // 10


def test_within_a_user_time_never_runs_backwards_over_the_parts(log: Log) -> None:
    for user in range(len(log.users)):
        events = log.events.select(log.events.user == user)
        assert (np.diff(events.time) >= 0).all()
        assert (np.diff(events.part) >= 0).all()


@pytest.mark.parametrize(("validation", "test"), [(0.5, 0.5), (-0.1, 0.1), (0.1, 0.0)])
def test_shares_that_leave_a_part_empty_are_refused(validation: float, test: float) -> None:
    with pytest.raises(EdgeError, match="leave one part empty"):
        Split(validation=validation, test=test)
