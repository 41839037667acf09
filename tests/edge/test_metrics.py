import itertools
import math

import numpy as np
import pytest

from edge.errors import EdgeError
from edge.metrics import auc, log_loss, ndcg, summarise, top_overlap, user_auc


def test_auc_is_the_share_of_pairs_in_the_right_order() -> None:
    generator = np.random.default_rng(0)
    scores, labels = generator.integers(0, 6, 60).astype(float), generator.integers(0, 2, 60)
    pairs = [
        1.0 if good > bad else 0.5 if good == bad else 0.0
        for good, bad in itertools.product(scores[labels == 1], scores[labels == 0])
    ]
    assert auc(scores, labels) == pytest.approx(np.mean(pairs), abs=1e-12)


def test_auc_of_equal_scores_is_one_half_and_of_one_label_unknown() -> None:
    assert auc([3, 3, 3, 3], [1, 0, 1, 0]) == 0.5
    assert auc([1, 2], [0, 1]) == 1.0
    assert auc([2, 1], [0, 1]) == 0.0
    assert math.isnan(auc([1, 2], [1, 1]))
    assert math.isnan(auc([], []))


def test_user_auc_weights_users_by_rows_and_leaves_out_those_with_one_label() -> None:
    users = ["a", "a", "b", "b", "b", "b", "c"]
    labels = [1, 0, 0, 1, 1, 0, 1]
    scores = [2, 1, 4, 3, 2, 1, 0]  # a: 1, b: 0.5
    assert user_auc(scores, labels, users) == pytest.approx((1.0 * 2 + 0.5 * 4) / 6)


def test_user_figures_ignore_what_is_added_to_all_scores_of_a_user() -> None:
    generator = np.random.default_rng(1)
    users, labels = generator.integers(0, 9, 200), generator.integers(0, 2, 200)
    scores = generator.normal(size=200)
    moved = scores + users * 10
    assert user_auc(moved, labels, users) == pytest.approx(user_auc(scores, labels, users))
    assert ndcg(moved, labels, users) == pytest.approx(ndcg(scores, labels, users))


def test_ndcg_by_hand() -> None:
    found = ndcg([4, 3, 2, 1], [0, 1, 0, 1], [0, 0, 0, 0], k=3)
    assert found == pytest.approx((1 / math.log2(3)) / (1 + 1 / math.log2(3)))
    assert ndcg([1, 2, 3], [0, 1, 1], ["u"] * 3) == 1.0


def test_ndcg_of_ties_is_the_mean_over_their_orders() -> None:
    labels = [1, 0, 0, 1]
    means = [
        ndcg([9, *(-place for place in order)], labels, [0] * 4, k=2) for order in itertools.permutations(range(3))
    ]
    assert ndcg([9, 1, 1, 1], labels, [0] * 4, k=2) == pytest.approx(np.mean(means))


def test_log_loss_takes_logits_and_stays_finite() -> None:
    assert log_loss([0, 0], [0, 1]) == pytest.approx(math.log(2))
    assert log_loss([2.0], [1]) == pytest.approx(-math.log(1 / (1 + math.exp(-2))))
    assert log_loss([1000.0], [0]) == pytest.approx(1000)


def test_top_overlap_counts_shared_candidates() -> None:
    assert top_overlap([3, 2, 1, 0], [3, 0, 2, 1], k=2) == 0.5
    assert top_overlap([1, 2], [1, 2], k=10) == 1.0
    with pytest.raises(EdgeError, match="cannot compare"):
        top_overlap([1, 2], [1], k=1)


def test_a_summary_holds_the_four_figures() -> None:
    found = summarise([1, -1, 2, 0], [1, 0, 1, 0], ["a", "a", "b", "b"])
    assert list(found) == ["auc", "user_auc", "ndcg@10", "log_loss"]
    assert found["auc"] == found["user_auc"] == found["ndcg@10"] == 1.0


@pytest.mark.parametrize(
    ("scores", "labels", "problem"),
    [
        ([1, float("nan")], [0, 1], "1 of 2 scores are NaN"),
        ([1, 2], [0, 2], "labels must be 0 or 1"),
        ([1, 2], [0], "scores are shaped"),
    ],
)
def test_what_cannot_be_measured_is_refused(scores: list[float], labels: list[int], problem: str) -> None:
    with pytest.raises(EdgeError, match=problem):
        auc(scores, labels)
