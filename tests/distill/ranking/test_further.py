"""The number that only the teacher reads: learned from match and state, never read by the student."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from cloud.ranking.measure import load_ranker
from cloud.ranking.model import RankingModel
from cloud.ranking.timelines import TimelineBatch
from cloud.runs.directory import Run
from distill.ranking.further import FurtherNumber
from distill.ranking.scores import DistilledLoss, TaughtBatch


@pytest.fixture
def student(teacher: Run) -> RankingModel:
    """Reads all numbers of a batch but one, as many as a phone computes."""
    torch.manual_seed(1)
    shape = load_ranker(teacher).shape
    return RankingModel(replace(shape, numbers=shape.numbers - 1)).eval()


def with_further(batch: TimelineBatch, student: RankingModel, values: torch.Tensor) -> TimelineBatch:
    return replace(batch, offered_numbers=torch.cat([batch.offered_numbers[..., : student.shape.numbers], values], -1))


def errors(batch: TimelineBatch, student: RankingModel, further: FurtherNumber) -> torch.Tensor:
    entries = student.entries(batch)
    return further(batch, entries.matched, [candidates for _, candidates in student.states(batch, entries)])


def test_it_is_the_squared_error_at_every_exit_where_the_number_is_known(
    batch: TimelineBatch, student: RankingModel
) -> None:
    further = FurtherNumber(student, 1.0)
    torch.nn.init.zeros_(further.map.weight)
    torch.nn.init.constant_(further.map.bias, 0.5)
    values = torch.full((*batch.real.shape, 1), 2.0)
    values[:, ::2] = float("nan")
    values[~batch.real] = 100.0
    found = errors(with_further(batch, student, values), student, further)
    assert found.tolist() == pytest.approx([1.5**2] * (student.shape.interact_layers + 1))
    unknown = torch.full_like(values, float("nan"))
    assert errors(with_further(batch, student, unknown), student, further).tolist() == [0.0] * len(found)


def test_match_and_states_learn_it_and_the_scores_do_not_read_it(batch: TimelineBatch, student: RankingModel) -> None:
    values = torch.randn((*batch.real.shape, 1), generator=torch.Generator().manual_seed(0))
    told = with_further(batch, student, values)
    assert torch.equal(student(told), student(with_further(batch, student, -values)))
    errors(told, student, FurtherNumber(student, 1.0)).sum().backward()
    for tensor in (student.match.of_event.weight, student.match.value.weight, student.token.weight):
        assert tensor.grad is not None and tensor.grad.abs().max() > 0
    assert student.wide.weight.grad is None and student.head.weight.grad is None


def test_its_weight_enters_the_loss(batch: TimelineBatch, student: RankingModel) -> None:
    values = torch.ones((*batch.real.shape, 1))
    taught = TaughtBatch(with_further(batch, student, values), torch.zeros(batch.real.shape))
    further = FurtherNumber(student, 0.0)
    without, with_it = DistilledLoss(0.5, 0.2), DistilledLoss(0.5, 0.2, further)
    plain = without(student, taught, 0)[0].item()
    assert with_it(student, taught, 0)[0].item() == pytest.approx(plain)
    further.weight = 2.0
    loss, figures = with_it(student, taught, 0)
    assert loss.item() > plain and figures["further number"] > 0
