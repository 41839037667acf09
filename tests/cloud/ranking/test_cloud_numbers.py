"""Item-item CF as a number of the teacher's: what it may know of a row, and who is left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cloud.data.collaborative import collaborative
from cloud.data.moments import screens
from cloud.data.rows import Prepared
from cloud.ranking.cloud_numbers import collaborative_number
from cloud.ranking.measure import load_ranker, shape_of
from cloud.ranking.train import RANKERS, train_ranker
from cloud.runs.directory import Run
from edge.metrics import auc
from edge.text.number import CLIP


@pytest.fixture(scope="session")
def prepared(prepared_club: Callable[[int], Run]) -> Run:
    return prepared_club(60)


class Turned(Prepared):
    """The prepared rows with every value from a moment on turned over, for each user."""

    def column(self, name: str) -> np.ndarray:
        values = super().column(name)
        if name != "value":
            return values
        user = super().column("user")
        middle = np.searchsorted(user, user) + np.bincount(user)[user] // 2
        late = np.arange(len(user)) >= middle
        return np.where(late & (super().column("part") > 0), 5.0 - values, values)


def test_it_is_missing_where_a_user_has_no_earlier_row_and_standardised_elsewhere(prepared: Run) -> None:
    rows = Prepared(prepared)
    number, user, time = collaborative_number(rows).column[:, 0], rows.column("user"), rows.column("time")
    first = np.array([time[row] == time[user == user[row]][0] for row in range(len(user))])
    assert np.isnan(number).tolist() == first.tolist()
    known = number[rows.part("train")]
    assert np.nanmean(known) == pytest.approx(0.0, abs=1e-4) and np.nanstd(known) == pytest.approx(1.0, abs=1e-4)


def test_it_is_limited_as_a_phone_limits_it(prepared: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, score = Prepared(prepared), collaborative
    far = int(rows.part("train")[-1])

    def with_one_far(*arguments: Any, **others: Any) -> np.ndarray:
        found: np.ndarray = score(*arguments, **others)
        found[far] += 1e3
        return found

    monkeypatch.setattr("cloud.ranking.cloud_numbers.collaborative", with_one_far)
    number = collaborative_number(rows).column[:, 0]
    assert number[far] == np.nanmax(number) == CLIP


def test_labels_of_a_row_and_of_later_ones_never_reach_it(prepared: Run) -> None:
    """Turned over are values outside the training rows, on which nothing is fitted."""
    rows, turned = Prepared(prepared), Turned(prepared)
    before, after = collaborative_number(rows).column[:, 0], collaborative_number(turned).column[:, 0]
    changed = np.flatnonzero(rows.column("value") != turned.column("value"))
    user, time = rows.column("user"), rows.column("time")
    first = {int(user[row]): time[row] for row in changed[::-1]}  # of each user, the earliest that was turned
    early = np.array([time[row] <= first.get(int(user[row]), np.inf) for row in range(len(user))])
    assert len(changed) > 50 and (~early).sum() > 50
    assert np.array_equal(before[early], after[early], equal_nan=True)
    assert not np.allclose(before[~early], after[~early], equal_nan=True)


def test_a_training_row_does_not_tell_its_own_label(prepared: Run) -> None:
    """Were the row's own user among those fitted on, the training rows' AUC would be far above the test rows'."""
    rows = Prepared(prepared)
    number, label = np.nan_to_num(collaborative_number(rows).column[:, 0]), rows.column("label")
    train, test = rows.part("train"), rows.part("test")
    assert auc(number[train], label[train]) < auc(number[test], label[test]) + 0.05


def test_turning_a_training_row_over_changes_what_later_rows_know_and_not_its_own_number(prepared: Run) -> None:
    rows = Prepared(prepared)
    user, item, value, time = map(rows.column, ("user", "item", "value", "time"))
    train = rows.column("part") == 0
    row = int(np.flatnonzero(train & (np.arange(len(user)) - np.searchsorted(user, user) > 3))[0])
    turned = value.astype(np.float64)
    turned[row] = 5.0 - turned[row]
    seen = screens(user, time)
    before, after = (collaborative(user, item, one, train, seen) for one in (value.astype(np.float64), turned))
    mine = np.flatnonzero(user == user[row])
    known, later = mine[seen[mine] <= row], mine[seen[mine] > row]
    assert np.abs(before[known] - after[known]).max() < 0.01  # the mean of all values alone moves
    assert np.abs(before[later] - after[later]).max() > 0.05


def test_a_teacher_ranks_with_one_number_more_than_a_phone_has(prepared: Run, tmp_path: Path) -> None:
    small = replace(RANKERS["quickstart"].shape, hidden_size=16, embedding_size=8)
    config = replace(RANKERS["quickstart"], repeats=1, passes=1, users=8, shape=small)
    of_phone = Prepared(prepared).numbers.shape[1]
    with_it = train_ranker(prepared, tmp_path / "with", config)
    without = train_ranker(prepared, tmp_path / "without", replace(config, collaborative=False))
    assert (shape_of(with_it).numbers, shape_of(without).numbers) == (of_phone + 1, of_phone)
    assert load_ranker(with_it).wide.in_features == 2 * (of_phone + 1)
