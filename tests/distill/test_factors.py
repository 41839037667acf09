"""Collaborative filtering on a phone: factors of items, and the number that they give."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from cloud.data.collaborative import item_factors
from cloud.data.rows import Prepared
from cloud.ranking.cloud_numbers import collaborative_number
from cloud.ranking.likeness import Likeness
from cloud.ranking.measure import load_ranker
from cloud.ranking.model import RankingModel
from cloud.ranking.shape import RankingShape
from cloud.ranking.timelines import TimelineBatch, Timelines, WindowTable
from cloud.runs.directory import Run
from distill.factors import factor_loss, factor_targets, settle_likeness
from distill.student import RANKING_STUDENTS, train_ranking_student
from edge.engines.shape import NO_LIKENESS, OVERALL

SHAPE = RankingShape(vocabulary_size=20, numbers=2, hidden_size=8, embedding_size=8, factors=3)


@pytest.fixture
def likeness() -> Likeness:
    torch.manual_seed(0)
    found = Likeness(SHAPE)
    for name, value in {"unit": 0.7, "overall": 3.0, "mean": 0.1, "spread": 0.4}.items():
        found.get_buffer(name).fill_(value)
    return found


def test_the_number_is_the_mean_of_centred_values_weighted_by_products_of_factors(likeness: Likeness) -> None:
    factors, values, sees = torch.randn(9, 3), torch.tensor([5.0, 1.0, 4.0, 2.0, 3.0]), torch.ones(4, 5).bool()
    sees[1, 3:] = False
    found = likeness(factors, _table(values, sees))[0]
    for row in range(4):
        seen = sees[row]
        weights = factors[4:][seen] @ factors[row] * 0.7**2
        level = 3.0 + (values[seen] - 3.0).sum() / (seen.sum() + OVERALL)
        number = (weights * (values[seen] - level)).sum() / (weights.abs().sum() + NO_LIKENESS)
        assert found[row].item() == pytest.approx(((number - 0.1) / 0.4).clamp(-4, 4).item(), abs=1e-5)


def test_without_events_the_number_is_missing(likeness: Likeness) -> None:
    assert likeness(torch.randn(9, 3), _table(torch.ones(5), torch.zeros(4, 5).bool())).isnan().all()


def test_products_of_factors_come_close_to_likenesses_and_rated_alike_is_alike() -> None:
    chance = np.random.default_rng(0)
    user, item = (part.ravel() for part in np.indices((60, 12)))
    taste = chance.choice([-1.0, 1.0], 60)
    kind = np.where(np.arange(12) < 6, 1.0, -1.0)
    value = 3 + taste[user] * kind[item] + chance.normal(0, 0.3, len(user))
    factors, met = item_factors(user, item, value, np.ones(len(user), bool), 12, 4)
    likeness = factors @ factors.T
    same = kind[:, None] == kind[None, :]
    apart = ~np.eye(12, dtype=bool)
    assert likeness[same & apart].min() > 0.4 > likeness[~same].max()
    assert met.tolist() == [60] * 12


def test_items_of_no_training_row_teach_nothing(prepared: Run) -> None:
    rows = Prepared(prepared)
    targets = factor_targets(rows, 4).of_text
    trained = np.unique(rows.column("item")[rows.part("train")])
    known = (~targets[:, 0].isnan()).nonzero()[:, 0].numpy()
    assert known.tolist() == trained.tolist()
    made = torch.randn(len(targets), 4, requires_grad=True)
    factor_loss(made, targets).backward()  # type: ignore[no-untyped-call]
    assert made.grad is not None
    assert made.grad.abs().sum(1).nonzero()[:, 0].tolist() == trained.tolist()


def test_in_training_the_number_is_the_honest_one_and_elsewhere_the_factors_own(prepared: Run) -> None:
    """The factors were fitted on the training rows' own labels: there a model must not learn how far to trust them."""
    number = collaborative_number(Prepared(prepared))
    model = RankingModel(SHAPE)
    settle_likeness(model, number, 0.5)
    read: list[Tensor] = []
    assert model.likeness is not None
    model.likeness.register_forward_hook(lambda module, given, found: read.append(found))
    batch = _batch(Prepared(prepared), number.column)
    model.train()(batch)
    assert not read
    model.eval()(batch)
    assert len(read) == len(batch.tables)
    assert model.likeness.spread.item() == pytest.approx(number.spread)


def test_a_student_of_such_a_teacher_has_factors_and_one_without_them_is_as_before(
    prepared: Run, teacher: Run, tmp_path: Path
) -> None:
    small = replace(RANKING_STUDENTS["quickstart"], repeats=1, users=8)
    shape = replace(small.shape, hidden_size=16, embedding_size=8, factors=5)
    with_them = train_ranking_student(prepared, teacher, tmp_path / "with", replace(small, shape=shape))
    plain = replace(small, shape=replace(shape, factors=0))
    without = train_ranking_student(prepared, teacher, tmp_path / "without", plain)
    of_phone = Prepared(prepared).numbers.shape[1]
    assert load_ranker(with_them).wide.in_features == 2 * (of_phone + 1)
    assert load_ranker(without).wide.in_features == 2 * of_phone
    assert load_ranker(without).likeness is None


def _table(values: Tensor, sees: Tensor) -> WindowTable:
    """Candidates are the first segments, events those that follow."""
    count, events = sees.shape
    offered, item = torch.arange(count)[None], count + torch.arange(events)[None]
    none = torch.zeros(1, events, 0)
    return WindowTable(
        profile=item[:, 0], item=item, phrase=item, numbers=none, values=values[None], offered=offered, context=offered,
        offered_numbers=none[:, :count], place=offered, sees=sees[None], labels=offered, real=offered > -1,
        rows=offered,
    )  # fmt: skip


def _batch(rows: Prepared, column: np.ndarray) -> TimelineBatch:
    cut = Timelines(rows, 10, 8, 4, column)
    cut.numbers = np.concatenate([cut.numbers[:, :2], column], axis=1)
    batch = cut.batch(cut.windows(rows.part("train"))[:3])
    return replace(batch, segments=tuple(part % 20 for part in batch.segments), phrases=batch.phrases % 20)
