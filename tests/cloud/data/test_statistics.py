import numpy as np
import pytest

from cloud.data.log import Events, Log
from cloud.data.statistics import SMOOTHING, item_statistics


def events(rows: list[tuple[int, float, bool]]) -> Events:
    item, time, liked = (np.array(column) for column in zip(*rows, strict=True))
    none, values = np.zeros(len(rows)), liked.astype(np.float64)
    user, part = none.astype(np.int32), none.astype(np.int8)
    role, others = none.astype(np.int8), np.zeros((len(rows), 0), dtype=np.int8)
    return Events(user, item.astype(np.int32), time.astype(float), liked, values, role, others, part)


SEEN = events([(0, 1, True), (0, 2, False), (1, 2, True), (0, 3, True), (2, 3, False), (1, 4, True)])


def at(items: list[int], times: list[float]) -> dict[str, list[float]]:
    found = item_statistics(SEEN, np.array(items, dtype=np.int32), np.array(times), {"liked_share": SEEN.liked})
    return {name: column[:].tolist() for name, column in found.items()}


def smoothed(likes: int, views: int, all_likes: int, all_views: int) -> float:
    return round((likes + SMOOTHING * all_likes / all_views) / (views + SMOOTHING), 3)


def test_statistics_count_only_strictly_earlier_rows() -> None:
    found = at([0, 0, 0], [1.5, 2, 2.5])
    assert found["views"] == [1, 1, 2]
    assert found["liked_share"] == [smoothed(1, 1, 1, 1), smoothed(1, 1, 1, 1), smoothed(1, 2, 2, 3)]
    assert found["views_rank"] == [0.0, 0.0, 0.0]


def test_rank_is_the_share_of_seen_items_with_more_views() -> None:
    found = at([0, 1, 2], [5, 5, 5])  # views: 3, 2, 1
    assert found["views_rank"] == [0.0, 0.333, 0.667]
    assert found["liked_share"] == [smoothed(2, 3, 4, 6), smoothed(2, 2, 4, 6), smoothed(0, 1, 4, 6)]


def test_an_item_that_nobody_met_has_no_views_and_nothing_else() -> None:
    found = at([3, 0], [5, 1])
    assert found["views"] == [0, 0]
    assert np.isnan([*found["views_rank"], *found["liked_share"]]).all()


def test_the_order_of_questions_does_not_matter() -> None:
    forwards = at([0, 1, 2, 1], [2, 3, 4, 5])
    backwards = at([1, 2, 1, 0], [5, 4, 3, 2])
    assert {name: values[::-1] for name, values in backwards.items()} == forwards


def test_sorting_agrees_with_counting_row_by_row(few_real_users: Log) -> None:
    seen = few_real_users.events
    ask = np.arange(0, len(seen), 37)
    found = item_statistics(
        seen, seen.item[ask], seen.time[ask], {"liked_share": seen.liked, "mean_rating": seen.value}
    )
    for row, index in enumerate(ask):
        earlier = seen.time < seen.time[index]
        views = np.bincount(seen.item[earlier], minlength=len(few_real_users.items))
        here = earlier & (seen.item == seen.item[index])
        assert found["views"][row] == here.sum()
        if not here.any():
            assert np.isnan(found["views_rank"][row])
            continue
        rank = (views > views[seen.item[index]]).sum() / (views > 0).sum()
        assert found["views_rank"][row] == pytest.approx(rank, abs=0.000501)
        for name, column in (("liked_share", seen.liked), ("mean_rating", seen.value)):
            mean = (column[here].sum() + SMOOTHING * column[earlier].mean()) / (here.sum() + SMOOTHING)
            assert found[name][row] == pytest.approx(mean, abs=0.000501)
