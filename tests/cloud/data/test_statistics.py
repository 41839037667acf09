import numpy as np
import pytest

from cloud.data.log import Events, Log
from cloud.data.statistics import item_statistics


def events(rows: list[tuple[int, float, bool]]) -> Events:
    item, time, liked = (np.array(column) for column in zip(*rows, strict=True))
    none, values = np.zeros(len(rows)), liked.astype(np.float32)
    user, part = none.astype(np.int32), none.astype(np.int8)
    return Events(user, item.astype(np.int32), time.astype(float), liked, values, part)


SEEN = events([(0, 1, True), (0, 2, False), (1, 2, True), (0, 3, True), (2, 3, False), (1, 4, True)])


def at(items: list[int], times: list[float], least: int = 1) -> tuple[list[float], list[float]]:
    found = item_statistics(SEEN, np.array(items, dtype=np.int32), np.array(times), least)
    return found.views_rank.tolist(), found.liked_share.tolist()


def test_statistics_count_only_strictly_earlier_events() -> None:
    ranks, shares = at([0, 0, 0], [1.5, 2, 2.5])
    assert shares == [1.0, 1.0, 0.5]
    assert ranks == [0.0, 0.0, 0.0]


def test_rank_is_the_share_of_seen_items_with_more_views() -> None:
    ranks, shares = at([0, 1, 2], [5, 5, 5])  # views: 3, 2, 1
    assert ranks == [0.0, 0.33, 0.67]
    assert shares == [0.67, 1.0, 0.0]


def test_items_with_too_few_views_have_no_statistics() -> None:
    ranks, shares = at([0, 1, 3], [5, 5, 5], least=3)
    assert ranks[0] == 0 and shares[0] == 0.67
    assert np.isnan([*ranks[1:], *shares[1:]]).all()


def test_the_order_of_questions_does_not_matter() -> None:
    forwards = at([0, 1, 2, 1], [2, 3, 4, 5])
    backwards = at([1, 2, 1, 0], [5, 4, 3, 2])
    assert [values[::-1] for values in backwards] == list(forwards)


def test_one_pass_agrees_with_counting_anew(few_real_users: Log) -> None:
    seen = few_real_users.events
    ask = np.arange(0, len(seen), 37)
    found = item_statistics(seen, seen.item[ask], seen.time[ask], 5)
    for row, index in enumerate(ask):
        earlier = seen.time < seen.time[index]
        views = np.bincount(seen.item[earlier], minlength=len(few_real_users.items))
        mine = views[seen.item[index]]
        if mine < 5:
            assert np.isnan(found.views_rank[row])
            continue
        likes = seen.liked[earlier & (seen.item == seen.item[index])].mean()
        assert found.views_rank[row] == pytest.approx((views > mine).sum() / (views > 0).sum(), abs=0.00501)
        assert found.liked_share[row] == pytest.approx(likes, abs=0.00501)
