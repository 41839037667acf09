"""Stage "student": one shared layer learns the teacher's relations, then its scores, at every exit."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from cloud.batches import LabelledBatch, RequestBatches
from cloud.checkpoint import load_teacher, model_config
from cloud.data.requests import load_requests
from cloud.fit import FitConfig, fit
from cloud.limits import MOST_BATCH_TOKENS, MOST_WIDTH
from cloud.memory import check_memory
from cloud.model import Encoder, ModelConfig
from cloud.presets import PRESETS
from cloud.runs.directory import Run, Stage
from cloud.runs.target import Target
from cloud.stage import MODEL_FILES, Measured, check_same_data, complete, plans_of, sized_for
from distill.relations import relation_loss
from distill.scores import plan_of_step, score_loss
from edge.arguments import check_share
from edge.config import check_counts, setting, settings_in, to_dict
from edge.errors import EdgeError

STAGE = Stage("student", 1, MODEL_FILES)


@dataclass(frozen=True)
class StudentConfig:
    """The vocabulary size, segment embeddings and positions are taken from the prepared data."""

    model: ModelConfig = PRESETS["tokens-student"]
    relations: FitConfig = field(default_factory=lambda: FitConfig(steps=20))
    scores: FitConfig = field(default_factory=lambda: FitConfig(steps=260, learning_rate=2e-3, warmup_steps=40))
    batch_tokens: int = 2048
    measured: Measured = field(default_factory=Measured)
    relation_heads: int = 4
    teacher_share: float = 0.5  # of the target; the rest is the label

    def __post_init__(self) -> None:
        check_counts(self, batch_tokens=(1, MOST_BATCH_TOKENS), relation_heads=(1, MOST_WIDTH))
        check_share(setting("teacher_share"), self.teacher_share, fix="choose a number in that range")
        check_relation_heads(self.relation_heads, self.model.hidden_size, setting("model.hidden_size"))


def check_relation_heads(heads: int, width: int, name: str) -> None:
    """Each relation head takes an equal part of the student's width, and of the teacher's. `name` is the width's."""
    if width % heads:
        raise EdgeError(
            f"{setting('relation_heads')}={heads} does not divide {name}={width}",
            fix=f"set {setting('relation_heads')} to a number that divides both models' hidden sizes",
        )


STUDENTS = {
    "quickstart": StudentConfig(measured=Measured(plans=("prefix",))),
    "m6-edge": StudentConfig(
        model=PRESETS["m6-edge"],
        relations=FitConfig(steps=50_000, learning_rate=4e-4, warmup_steps=2_000, accumulate=4),
        scores=FitConfig(steps=100_000, learning_rate=2e-4, warmup_steps=2_000, accumulate=4),
        batch_tokens=16_384,
        relation_heads=32,
    ),
}


def train_student(prepared: Run, teacher_run: Run, out: Path, config: StudentConfig, restart: bool = False) -> Run:
    """Distil the teacher; measure every exit on the prepared run's validation and test requests."""
    shape = sized_for(config.model, prepared)
    check_same_data(prepared, teacher_run)
    settings = to_dict(replace(config, model=shape))
    target = Target(out, STAGE, [prepared, teacher_run], settings, restart=restart)
    if not target.finished():
        check_memory(shape, model_config(teacher_run))
        teacher = load_teacher(teacher_run)
        check_relation_heads(config.relation_heads, teacher.config.hidden_size, f"{teacher_run.path} model.hidden_size")
        with target.writing() as workspace:
            torch.manual_seed(config.scores.seed)
            model = Encoder(shape)
            batches = RequestBatches(load_requests(prepared, "train"), config.batch_tokens, config.scores.seed + 1)
            plans = plans_of(shape)

            def relations(student: nn.Module, batch: LabelledBatch, step: int) -> tuple[Tensor, dict[str, float]]:
                assert isinstance(student, Encoder)
                return relation_loss(student, teacher, batch.packed, config.relation_heads), {}

            def scores(student: nn.Module, batch: LabelledBatch, step: int) -> tuple[Tensor, dict[str, float]]:
                assert isinstance(student, Encoder)
                return score_loss(student, teacher, batch, plan_of_step(plans, step), config.teacher_share), {}

            for phase, loss, fitted in (
                ("relations", relations, config.relations),
                ("scores", scores, config.scores),
            ):
                with settings_in(phase):
                    fit(model, batches, loss, fitted, workspace.scratch / phase, f"student: {phase}")
            workspace.keep_metrics("relations", "scores")
            complete(workspace, model, prepared, config.measured, "Student")
    return Run.open(out, STAGE.name)
