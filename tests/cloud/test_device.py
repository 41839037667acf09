"""Training and measuring where the machine is fastest: the same results, wherever that is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cloud.torch_engine import TorchEngine
from compress.integers import quantise
from compress.pruned import PrunedScores
from distill.relations import relation_loss
from distill.scores import score_loss
from edge.runtime.scoring import Stepped, logits_at
from edge.runtime.segment_cache import SegmentCache
from edge.runtime.user_side import UserSide
from small_models import make_candidates, make_model, make_requests, make_user, teacher_shape
from torch import Tensor, nn

from cloud.attention import PREFIX, segments_plan
from cloud.batches import LabelledBatch, RequestBatches, label_batch
from cloud.device import best_device, on_device
from cloud.fit import FitConfig, fit
from cloud.model import Encoder
from compress.magnitude import MagnitudePruner, PruneSchedule

CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU here")
CPU = torch.device("cpu")
BATCHES = RequestBatches(make_requests(6), 256)
CONFIG = FitConfig(steps=24, learning_rate=1e-3, warmup_steps=2, checkpoint_seconds=0, precision="fp32")


class Killed(BaseException):
    """What a test interrupts training with."""


def tensors(batch: LabelledBatch) -> list[Tensor]:
    return [getattr(batch.packed, field.name) for field in fields(batch.packed)] + [batch.labels]


def pruned_scores(model: Encoder, device: torch.device) -> PrunedScores:
    teacher = make_model(teacher_shape(), seed=1).to(device)
    pruner = MagnitudePruner(model, PruneSchedule(end=20))
    return PrunedScores(pruner, teacher, (PREFIX, segments_plan(model.config.handover)), 0.5)


def test_every_tensor_of_a_batch_moves() -> None:
    batch = label_batch(make_requests(2))
    moved = on_device(batch, torch.device("meta"))
    assert [tensor.device.type for tensor in tensors(moved)] == ["meta"] * len(tensors(batch))
    assert [tensor.shape for tensor in tensors(moved)] == [tensor.shape for tensor in tensors(batch)]
    assert [tensor.device.type for tensor in tensors(batch)] == ["cpu"] * len(tensors(batch))
    pair = on_device((torch.ones(2), torch.ones(3)), torch.device("meta"))
    assert [len(part) for part in pair] == [2, 3] and pair[1].is_meta


@CUDA
@pytest.mark.parametrize("name", ["scores", "relations"])
def test_a_gpu_computes_the_losses_and_gradients_of_the_processor(name: str) -> None:
    losses: dict[str, Callable[[Encoder, Encoder, LabelledBatch], Tensor]] = {
        "scores": lambda model, teacher, batch: score_loss(model, teacher, batch, segments_plan(2), 0.5),
        "relations": lambda model, teacher, batch: relation_loss(model, teacher, batch.packed, 4),
    }
    found = []
    for device in (CPU, best_device()):
        model, teacher = make_model().to(device), make_model(teacher_shape(), seed=1).to(device)
        loss = losses[name](model, teacher, on_device(BATCHES(0), device))
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
    loss = pruned_scores(model, best_device())

    class Stopping(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.loss = loss

        def forward(self, *given: Any) -> Any:
            if given[2] == stop:
                raise Killed
            return self.loss(*given)

    fit(model, BATCHES, Stopping(), CONFIG, directory, "test")
    return model


@CUDA
@pytest.mark.parametrize("integers", [False, True])
def test_a_gpu_measures_the_scores_of_the_processor(integers: bool) -> None:
    model = quantise(make_model()) if integers else make_model()
    random = np.random.default_rng(0)
    user, candidates = make_user(random), make_candidates(random)
    for handover in (0, model.config.handover):
        scores = []
        for device in (CPU, best_device()):
            engine, cache = TorchEngine(model.to(device)), SegmentCache()
            stepped = Stepped(engine, UserSide(engine, user, handover, cache), candidates, cache)
            scores.append(logits_at(engine, stepped, model.config.exit_depths[handover:]))
        for depth, wanted in scores[0].items():
            np.testing.assert_allclose(scores[1][depth], wanted, atol=1e-4 if not integers else 0.05)
