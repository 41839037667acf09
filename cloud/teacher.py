"""Stage "teacher": the full model, warmed up on text infilling, then taught to predict clicks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from cloud.batches import LabelledBatch, RequestBatches
from cloud.data.log import PARTS
from cloud.data.requests import EncodedRequest, load_requests
from cloud.fit import FitConfig, fit
from cloud.limits import MOST_BATCH_TOKENS
from cloud.memory import check_memory
from cloud.model import Encoder, ModelConfig
from cloud.objectives import InfillBatch, click_loss, infill_batch, infill_loss, token_log_frequencies
from cloud.presets import PRESETS
from cloud.runs.directory import Run, Stage
from cloud.runs.target import Target
from cloud.stage import MODEL_FILES, complete, sized_for
from edge.config import check_counts, setting, settings_in, to_dict
from edge.errors import EdgeError

STAGE = Stage("teacher", 2, MODEL_FILES)


@dataclass(frozen=True)
class TeacherConfig:
    """The vocabulary size, segment embeddings and positions are taken from the prepared data."""

    model: ModelConfig = PRESETS["tokens"]
    infill: FitConfig = field(default_factory=lambda: FitConfig(steps=60, warmup_steps=20))
    click: FitConfig = field(default_factory=lambda: FitConfig(steps=600, learning_rate=2e-3, warmup_steps=50))
    batch_tokens: int = 2048
    splits: tuple[str, ...] = ("test",)  # that it is measured on

    def __post_init__(self) -> None:
        check_counts(self, batch_tokens=(1, MOST_BATCH_TOKENS))
        if not self.splits or set(self.splits) - set(PARTS):
            raise EdgeError(f"{setting('splits')} is {list(self.splits)}", fix=f"name some of {list(PARTS)}")


TEACHERS = {
    "tokens": TeacherConfig(),
    "m6-base": TeacherConfig(
        model=PRESETS["m6-base"],
        infill=FitConfig(steps=100_000, learning_rate=2e-4, warmup_steps=2_000, accumulate=8),
        click=FitConfig(steps=100_000, learning_rate=5e-5, warmup_steps=2_000, accumulate=8),
        batch_tokens=16_384,
    ),
}


def train_teacher(prepared: Run, out: Path, config: TeacherConfig, restart: bool = False) -> Run:
    """Train on the prepared run's training requests; measure on its validation and test requests."""
    shape = sized_for(config.model, prepared)
    target = Target(out, STAGE, [prepared], to_dict(replace(config, model=shape)), restart=restart)
    if not target.finished():
        check_memory(shape)
        with target.writing() as workspace:
            torch.manual_seed(config.click.seed)
            model = Encoder(shape)
            requests = load_requests(prepared, "train")
            batches = RequestBatches(requests, config.batch_tokens, config.click.seed)
            if config.infill.steps:
                infill = Infilling(requests, config.batch_tokens, shape)
                with settings_in("infill"):
                    fit(model, infill, infill.loss, config.infill, workspace.scratch / "infill", "teacher: infilling")
            with settings_in("click"):
                fit(model, batches, _click, config.click, workspace.scratch / "click", "teacher: clicks")
            workspace.keep_metrics(*(["infill"] if config.infill.steps else []), "click")
            complete(workspace, model, prepared, config.splits)
    return Run.open(out, STAGE.name)


class Infilling:
    """Batches and loss of the warm-up: user sides that have a history, with other spans hidden in every batch."""

    def __init__(self, requests: Sequence[EncodedRequest], batch_tokens: int, shape: ModelConfig) -> None:
        with_history = [replace(request, candidates=()) for request in requests if len(request.segments) > 3]
        if not with_history:
            raise EdgeError("no training request has a history to fill in", fix=f"--set {setting('infill.steps')}=0")
        self.batches = RequestBatches(with_history, batch_tokens)
        self.longest = shape.positions
        users = (request.segments for request in with_history)
        self.log_frequencies = token_log_frequencies(users, shape.vocabulary_size)

    def __call__(self, number: int) -> InfillBatch:
        users = [request.segments for request in self.batches.group(number)]
        return infill_batch(users, number, self.longest)

    def loss(self, model: nn.Module, batch: InfillBatch, step: int) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(model, Encoder)
        return infill_loss(model, batch, self.log_frequencies.to(batch.targets.device)), {}


def _click(model: nn.Module, batch: LabelledBatch, step: int) -> tuple[Tensor, dict[str, float]]:
    assert isinstance(model, Encoder)
    return click_loss(model, batch), {}
