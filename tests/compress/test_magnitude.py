"""Gradual magnitude pruning: the schedule by hand, exact sparsity, zeros that stay, resumption to the byte."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from small_models import make_model, make_requests, shape
from torch import Tensor, nn

from cloud.batches import LabelledBatch, RequestBatches
from cloud.fit import FitConfig, fit
from cloud.model import Encoder
from cloud.objectives import click_loss
from compress.magnitude import MagnitudePruner, PruneSchedule, largest_mask, prunable_weights, sparsity_by_tensor
from compress.pruned import Pruning
from edge.errors import EdgeError

SCHEDULE = PruneSchedule(sparsity=0.8, begin=3, end=23, every=5)
FIT = FitConfig(steps=32, learning_rate=1e-3, warmup_steps=2, checkpoint_seconds=0)
BATCHES = RequestBatches(make_requests(12), 150)
DENSE = re.compile(r"norm|bias")


class Killed(BaseException):
    """What a test interrupts training with."""


def prune(
    directory: Path, stop_at: int = -1, watch: Callable[[Encoder, int], None] = lambda model, step: None
) -> Encoder:
    """Prune a small model as the stage does; `watch` sees the weights that each step computes with."""
    model = make_model()
    pruner = MagnitudePruner(model, SCHEDULE)

    def loss(model: nn.Module, batch: LabelledBatch, step: int) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(model, Encoder)
        if step == stop_at:
            raise Killed
        watch(model, step)
        return click_loss(model, batch), {}

    fit(model, BATCHES, Pruning(pruner, loss), FIT, directory, "pruning")
    pruner.apply_at(model, FIT.steps)
    return model


def test_the_schedule_is_the_cubic_one() -> None:
    schedule = PruneSchedule(sparsity=0.8, begin=10, end=50, every=1)
    by_hand = {0: 0.0, 10: 0.0, 20: 0.8 * 37 / 64, 30: 0.7, 40: 0.8 * 63 / 64, 50: 0.8, 99: 0.8}
    assert {step: schedule.at(step) for step in by_hand} == pytest.approx(by_hand)


def test_every_table_and_linear_layer_ends_at_exactly_the_sparsity(tmp_path: Path) -> None:
    model = prune(tmp_path)
    names = {name for name, _ in model.named_parameters() if not DENSE.search(name)}
    found = sparsity_by_tensor(model)
    assert set(found) == names and len(names) == 17
    for name, weight in prunable_weights(model):
        zeros = int((weight == 0).sum())
        assert zeros == round(0.8 * weight.numel()), name
        assert found[name] == pytest.approx(0.8, abs=1 / weight.numel())
    assert all(p.count_nonzero() == p.numel() for name, p in model.named_parameters() if DENSE.search(name))


def test_sparsity_follows_the_schedule_and_zeros_stay_zero_while_training_goes_on(tmp_path: Path) -> None:
    zeros: dict[int, dict[str, Tensor]] = {}
    prune(tmp_path, watch=lambda model, step: zeros.update({step: {n: w == 0 for n, w in prunable_weights(model)}}))
    renewed = 0.0
    for step in range(FIT.steps):
        if step in (3, 8, 13, 18, 23):
            renewed = SCHEDULE.at(step)
        for name, gone in zeros[step].items():
            assert int(gone.sum()) == round(renewed * gone.numel()), (step, name)
            if step:
                assert (gone | ~zeros[step - 1][name]).all(), (step, name)  # none comes back


def test_the_smallest_weights_go(tmp_path: Path) -> None:
    weight = torch.tensor([[0.5, -0.1, 3.0], [-2.0, 0.0, 0.2]])
    assert largest_mask(weight, 0.5).tolist() == [[True, False, True], [True, False, False]]
    assert largest_mask(weight, 0.0).all()
    assert largest_mask(torch.ones(10), 0.8).tolist() == [False] * 8 + [True] * 2  # ties by position, never more


@pytest.mark.parametrize("stop_at", [11, 17, 23, 24, 31])
def test_an_interrupted_pruning_resumes_to_the_very_same_weights(tmp_path: Path, stop_at: int) -> None:
    undisturbed = prune(tmp_path / "one").state_dict()
    with pytest.raises(Killed):
        prune(tmp_path / "two", stop_at)
    resumed = prune(tmp_path / "two").state_dict()
    assert all(torch.equal(resumed[name], value) for name, value in undisturbed.items())
    one, two = ((tmp_path / name / "checkpoint.safetensors").read_bytes() for name in ("one", "two"))
    assert one == two


def test_accumulating_batches_prunes_no_more_than_one_does(tmp_path: Path) -> None:
    model = make_model()
    pruner = MagnitudePruner(model, SCHEDULE)
    for _ in range(3):
        pruner.apply_at(model, 13)
    assert sparsity_by_tensor(model)["token.weight"] == pytest.approx(SCHEDULE.at(13), abs=1e-3)


def test_masks_are_carried_by_the_state() -> None:
    pruning = Pruning(MagnitudePruner(make_model(), SCHEDULE), lambda model, batch, step: (torch.zeros(()), {}))
    assert len(pruning.state_dict()) == 17
    assert all(value.dtype == torch.bool for value in pruning.state_dict().values())
    assert list(pruning.parameters()) == []


def test_a_model_without_a_wide_embedding_is_pruned_all_the_same() -> None:
    model = make_model(shape(embedding_size=32))
    MagnitudePruner(model, PruneSchedule(end=1)).apply_at(model, 1)
    assert "widen.weight" not in sparsity_by_tensor(model)
    assert isinstance(model.widen, nn.Identity)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"sparsity": 1.0}, "sparsity is 1.0"),
        ({"sparsity": -0.1}, "sparsity is -0.1"),
        ({"every": 0}, "every is 0"),
        ({"begin": -1}, "begin is -1"),
        ({"begin": 23}, "end=23 is not after begin=23"),
    ],
)
def test_a_schedule_that_cannot_be_kept_is_refused(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(EdgeError) as refused:
        replace(SCHEDULE, **changes)
    assert refused.value.problem.partition(",")[0] == named
