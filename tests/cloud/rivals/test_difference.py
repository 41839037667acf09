"""How much better one ranks than another, and how sure that is."""

from __future__ import annotations

import numpy as np
import pytest

from cloud.rivals.difference import METRICS, difference
from cloud.rivals.draws import draws_of_users, interval
from edge.errors import EdgeError
from edge.metrics import auc, log_loss, ndcg, user_auc

PLAIN = {
    "auc": lambda scores, labels, users: auc(scores, labels),
    "user_auc": user_auc,
    "ndcg@10": ndcg,
    "log_loss": lambda scores, labels, users: log_loss(scores, labels),
}


def rows(users: int = 40, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, users and what makes a label likely; users have some rows each, not in order."""
    random = np.random.default_rng(seed)
    user = random.permutation(np.repeat(np.arange(users) * 7 + 3, random.integers(2, 30, users)))
    truth = random.normal(size=len(user)) + random.normal(size=users * 7 + 3)[user] / 2
    labels = (truth + random.normal(size=len(user)) > 0.3).astype(np.int8)
    return labels, user, truth.astype(np.float32)


@pytest.mark.parametrize("metric", METRICS)
def test_identical_scores_differ_by_zero_with_no_width(metric: str) -> None:
    labels, users, truth = rows()
    found = difference(truth, truth.copy(), labels, users, metric)
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("metric", METRICS)
def test_what_knows_more_is_better_beyond_its_interval(metric: str) -> None:
    labels, users, truth = rows()
    noisy = truth + np.random.default_rng(1).normal(0, 2, len(truth)).astype(np.float32)
    found = difference(truth, noisy, labels, users, metric)
    better = found.high < 0 if metric == "log_loss" else found.low > 0
    assert better and found.low <= found.value <= found.high
    assert found.value == pytest.approx(
        PLAIN[metric](truth, labels, users) - PLAIN[metric](noisy, labels, users), abs=1e-12
    )


def test_two_that_know_as_much_are_not_told_apart() -> None:
    labels, users, truth = rows(400)
    random = np.random.default_rng(2)
    one, other = (truth + random.normal(size=len(truth)) for _ in range(2))
    found = difference(one, other, labels, users)
    assert found.low < 0 < found.high
    assert found.high - found.low < 0.05


@pytest.mark.parametrize("metric", METRICS)
def test_a_draw_counts_each_row_as_often_as_its_user(metric: str) -> None:
    """By hand: the rows are written down again for each time, as those of another user."""
    labels, users, truth = rows(12)
    other = np.round(truth * np.random.default_rng(3).random(len(truth)), 1)  # with ties
    values = []
    for counts in draws_of_users(12, seed=5, draws=20):
        copies = [
            np.flatnonzero(users == name) for name, n in zip(np.unique(users), counts, strict=True) for _ in range(n)
        ]
        at, copy = np.concatenate(copies), np.repeat(np.arange(len(copies)), list(map(len, copies)))
        values.append(PLAIN[metric](truth[at], labels[at], copy) - PLAIN[metric](other[at], labels[at], copy))
    found = difference(truth, other, labels, users, metric, seed=5, draws=20)
    assert (found.low, found.high) == pytest.approx(interval(np.array(values)), abs=1e-12)


def test_the_same_seed_gives_the_same_interval_and_another_a_near_one() -> None:
    labels, users, truth = rows()
    noisy = truth + np.random.default_rng(1).normal(size=len(truth))
    found = [difference(truth, noisy, labels, users, seed=seed) for seed in (0, 0, 1)]
    assert found[0] == found[1] != found[2]
    assert found[2].low == pytest.approx(found[0].low, abs=0.02)


def test_a_difference_that_is_not_defined_is_nan_and_bad_columns_are_refused() -> None:
    labels, users, truth = rows()
    assert np.isnan(difference(truth, truth, np.ones_like(labels), users).value)
    with pytest.raises(EdgeError, match="no metric 'acu'") as refused:
        difference(truth, truth, labels, users, "acu")
    assert "auc" in refused.value.fix
    with pytest.raises(EdgeError, match="not parallel"):
        difference(truth, truth[1:], labels, users)
    with pytest.raises(EdgeError, match="not finite"):
        difference(truth, truth * np.nan, labels, users)
    with pytest.raises(EdgeError, match="0 or 1"):
        difference(truth, truth, labels + 1, users)
