import numpy as np
import pytest

from cloud.data.log import TEST, TRAIN, VALIDATION, Log
from cloud.data.schema import Split
from cloud.data.split import parts
from edge.errors import EdgeError


def test_the_last_tenth_tests_and_the_tenth_before_validates() -> None:
    user = np.repeat(np.array([0, 1], dtype=np.int32), [20, 9])
    expected = [TRAIN] * 16 + [VALIDATION] * 2 + [TEST] * 2 + [TRAIN] * 9
    assert parts(user, Split()).tolist() == expected


@pytest.mark.parametrize("count", range(1, 200))
def test_shares_round_down_exactly(count: int) -> None:
    part = parts(np.zeros(count, dtype=np.int32), Split(0.1, 0.1))
    assert (part == TEST).sum() == (part == VALIDATION).sum() == count // 10


def test_within_a_user_time_never_runs_backwards_over_the_parts(log: Log) -> None:
    for user in range(len(log.users)):
        events = log.events.select(log.events.user == user)
        assert (np.diff(events.time) >= 0).all()
        assert (np.diff(events.part) >= 0).all()


@pytest.mark.parametrize(("validation", "test"), [(0.5, 0.5), (-0.1, 0.1), (0.1, 0.0)])
def test_shares_that_leave_a_part_empty_are_refused(validation: float, test: float) -> None:
    with pytest.raises(EdgeError, match="leave one part empty"):
        Split(validation, test)
