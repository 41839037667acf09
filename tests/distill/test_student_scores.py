"""The third phase: labels and teacher in shares, at every exit, for each score and for their order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from cloud.data.rows import Prepared
from cloud.ranking.batches import WindowBatches
from cloud.ranking.cloud_numbers import collaborative_number
from cloud.ranking.losses import exit_weights, order_loss, ranking_loss
from cloud.ranking.measure import load_ranker, scores_of
from cloud.ranking.model import RankingModel
from cloud.ranking.timelines import TimelineBatch, Timelines
from cloud.runs.directory import Run
from distill.scores import TaughtBatch, TaughtBatches, distilled_loss, soft_order_loss, teacher_logits


@pytest.fixture
def model(teacher: Run) -> RankingModel:
    return load_ranker(teacher)


@pytest.fixture
def taught(batch: TimelineBatch) -> TaughtBatch:
    chance = torch.Generator().manual_seed(0)
    return TaughtBatch(batch, tuple(torch.randn(table.real.shape, generator=chance) for table in batch.tables))


def test_without_the_teacher_it_is_the_loss_of_a_model_that_has_none(model: RankingModel, taught: TaughtBatch) -> None:
    found, wanted = distilled_loss(0.0, 0.3, model, taught, 0)[0], ranking_loss(model, taught.timelines, 0.3)[0]
    assert found.item() == pytest.approx(wanted.item(), rel=1e-5)


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_labels_and_teacher_have_their_shares_at_every_exit(
    share: float, model: RankingModel, taught: TaughtBatch
) -> None:
    (scores,), tables, (teacher,) = model(taught.timelines), taught.timelines.tables, taught.teacher
    real, labels = tables[0].real, tables[0].labels
    target = (share * teacher.sigmoid() + (1 - share) * labels)[real]
    weights = exit_weights(2).tolist()
    each = [F.binary_cross_entropy_with_logits(row[real], target).item() for row in scores]
    expected = sum(weight * one for weight, one in zip(weights, each, strict=True))
    assert distilled_loss(share, 0.0, model, taught, 0)[0].item() == pytest.approx(expected, rel=1e-5)
    order = share * soft_order_loss([scores], [teacher], tables) + (1 - share) * order_loss([scores], tables)
    expected += 0.7 * (exit_weights(2) * order).sum().item()
    assert distilled_loss(share, 0.7, model, taught, 0)[0].item() == pytest.approx(expected, rel=1e-5)


def test_a_student_that_scores_as_its_teacher_has_no_gradient(model: RankingModel, batch: TimelineBatch) -> None:
    chance, (table,) = torch.Generator().manual_seed(1), batch.tables
    scores = torch.randn(1, *table.real.shape, generator=chance).requires_grad_()
    soft_order_loss([scores], [scores[0].detach() + 3.0], [table]).sum().backward()  # type: ignore[no-untyped-call]
    assert scores.grad is not None and scores.grad.abs().max() < 1e-7
    soft_order_loss([scores], [-scores[0].detach()], [table]).sum().backward()  # type: ignore[no-untyped-call]
    assert scores.grad.abs().max() > 1e-4


def test_the_order_is_the_mean_over_pairs_of_one_window_by_hand(batch: TimelineBatch) -> None:
    scores, teacher = torch.tensor([[[0.5, -1.0, 2.0]]]), torch.tensor([[1.0, 0.0, 9.0]])
    table = replace(batch.tables[0], real=torch.tensor([[True, True, False]]))
    better = torch.tensor(1.0).sigmoid()
    expected = F.binary_cross_entropy_with_logits(torch.tensor(1.5), better)  # of both orders of the one pair
    assert soft_order_loss([scores], [teacher], [table])[0].item() == pytest.approx(expected.item(), rel=1e-6)


def test_gradients_reach_every_tensor(model: RankingModel, taught: TaughtBatch) -> None:
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    distilled_loss(0.5, 0.2, model, taught, 0)[0].backward()  # type: ignore[no-untyped-call]
    assert all(parameter.grad is not None and parameter.grad.abs().max() > 0 for parameter in model.parameters())


def test_what_the_teacher_says_of_padding_changes_nothing(model: RankingModel, taught: TaughtBatch) -> None:
    (table,), (teacher,) = taught.timelines.tables, taught.teacher
    assert not table.real.all()
    spoilt = replace(taught, teacher=(torch.where(table.real, teacher, 50.0),))
    losses = [distilled_loss(0.5, 0.2, model, one, 0)[0].item() for one in (taught, spoilt)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def test_every_row_meets_the_logit_that_the_teacher_gave_it(prepared: Run, teacher: Run) -> None:
    rows = Prepared(prepared)
    logits = teacher_logits(teacher, rows)
    chosen = rows.part("train")
    assert np.isfinite(logits).nonzero()[0].tolist() == chosen.tolist()
    timelines = Timelines(rows, 50, 8, 24)  # without the further number of the teacher
    windows = WindowBatches(timelines, chosen, 4, seed=0)
    batches = TaughtBatches(windows, logits)
    model = load_ranker(teacher)
    whole = scores_of(model, Timelines(rows, 24, 16, 24, collaborative_number(rows).column), chosen)[-1]
    for number in range(windows.of_pass):
        batch = batches(number)
        places = np.searchsorted(chosen, batch.timelines.rows.numpy())
        assert np.allclose(batch.timelines.targets(batch.teacher).numpy(), whole[places], atol=1e-4)
        for teacher_logit, table in zip(batch.teacher, batch.timelines.tables, strict=True):
            assert (teacher_logit[~table.real] == 0).all()


def test_the_loss_and_its_gradient_are_those_of_all_windows_in_one_table(
    model: RankingModel, timelines: Timelines, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows, logits = timelines.windows(np.arange(60 * 3))[:6], torch.randn(180, dtype=torch.float64)
    losses, gradients = [], []
    for groups in ([[*range(6)]], [[4, 0, 1], [5], [3, 2]]):
        monkeypatch.setattr("cloud.ranking.timelines.of_like_length", lambda lengths, groups=groups: groups)
        batch = timelines.batch(windows)
        taught = TaughtBatch(batch, tuple(torch.where(one.real, logits[one.rows], 0.0) for one in batch.tables))
        model.double().zero_grad()
        loss = distilled_loss(0.5, 0.3, model, doubled(taught), 0)[0]
        loss.backward()  # type: ignore[no-untyped-call]
        losses.append(loss.item())
        gradients.append(torch.cat([one.grad.ravel() for one in model.parameters() if one.grad is not None]))
    assert losses[0] == pytest.approx(losses[1], abs=1e-12)
    assert gradients[0].abs().max() > 1e-4
    assert (gradients[0] - gradients[1]).abs().max() < 1e-9


def doubled(taught: TaughtBatch) -> TaughtBatch:
    names = ("numbers", "offered_numbers", "labels")
    tables = [replace(one, **{name: getattr(one, name).double() for name in names}) for one in taught.timelines.tables]
    return replace(taught, timelines=replace(taught.timelines, tables=tuple(tables)))
