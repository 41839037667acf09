"""Training and measuring where the machine is fastest: the same results, wherever that is."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_models import make_model, make_requests
from torch import Tensor, nn

from cloud.batches import LabelledBatch, RequestBatches, label_batch
from cloud.device import best_device, on_device
from cloud.evaluate import score_requests
from cloud.fit import FitConfig, fit
from cloud.model import Encoder
from cloud.objectives import click_loss
from compress.magnitude import MagnitudePruner, PruneSchedule
from compress.pruned import Pruning

CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU here")
CPU = torch.device("cpu")
BATCHES = RequestBatches(make_requests(6), 256)
CONFIG = FitConfig(steps=24, learning_rate=1e-3, warmup_steps=2, checkpoint_seconds=0, precision="fp32")


class Killed(BaseException):
    """What a test interrupts training with."""


def tensors(batch: LabelledBatch) -> list[Tensor]:
    return [getattr(batch.packed, field.name) for field in fields(batch.packed)] + [batch.labels]


def test_every_tensor_of_a_batch_moves() -> None:
    batch = label_batch(make_requests(2))
    moved = on_device(batch, torch.device("meta"))
    assert [tensor.device.type for tensor in tensors(moved)] == ["meta"] * len(tensors(batch))
    assert [tensor.shape for tensor in tensors(moved)] == [tensor.shape for tensor in tensors(batch)]
    assert [tensor.device.type for tensor in tensors(batch)] == ["cpu"] * len(tensors(batch))
    pair = on_device((torch.ones(2), torch.ones(3)), torch.device("meta"))
    assert [len(part) for part in pair] == [2, 3] and pair[1].is_meta


@CUDA
def test_a_gpu_computes_the_loss_and_gradients_of_the_processor() -> None:
    found = []
    for device in (CPU, best_device()):
        model = make_model().to(device)
        loss = click_loss(model, on_device(BATCHES(0), device))
        loss.backward()
        gradients = [parameter.grad.cpu() for parameter in model.parameters() if parameter.grad is not None]
        found.append((loss.item(), torch.cat([gradient.flatten() for gradient in gradients])))
    assert found[1][0] == pytest.approx(found[0][0], rel=1e-5)
    torch.testing.assert_close(found[1][1], found[0][1], rtol=1e-4, atol=1e-6)


@CUDA
def test_a_run_killed_on_a_gpu_resumes_to_the_very_same_end(tmp_path: Path) -> None:
    ends: list[dict[str, Any]] = []
    for directory, stop in ((tmp_path / "one", None), (tmp_path / "two", 17)):
        if stop is not None:
            with pytest.raises(Killed):
                train_pruned(directory, stop)
        ends.append(train_pruned(directory).state_dict())
    assert all(value.is_cuda for value in ends[0].values())
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])
    assert (tmp_path / "one" / "metrics.jsonl").read_bytes() == (tmp_path / "two" / "metrics.jsonl").read_bytes()


def train_pruned(directory: Path, stop: int | None = None) -> Encoder:
    model = make_model()

    def clicks(model: nn.Module, batch: LabelledBatch, step: int) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(model, Encoder)
        if step == stop:
            raise Killed
        return click_loss(model, batch), {}

    fit(model, BATCHES, Pruning(MagnitudePruner(model, PruneSchedule(end=20)), clicks), CONFIG, directory, "test")
    return model


@CUDA
def test_a_gpu_measures_the_scores_of_the_processor() -> None:
    one, two = (score_requests(make_model().to(device), make_requests(5), "test") for device in (CPU, best_device()))
    np.testing.assert_allclose(two, one, atol=1e-4)
