"""Stage "student": one shared layer learns the teacher's relations, then its scores, at every exit."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from cloud.batches import LabelledBatch, RequestBatches
from cloud.checkpoint import load_teacher
from cloud.data.requests import load_requests
from cloud.fit import FitConfig, fit
from cloud.model import Encoder, ModelConfig
from cloud.presets import PRESETS
from cloud.runs import Run, finished, writing
from cloud.stage import Measured, check_same_data, complete, plans_of, sized_for
from distill.relations import relation_loss
from distill.scores import plan_of_step, score_loss
from edge.config import to_dict
from edge.errors import EdgeError


@dataclass(frozen=True)
class StudentConfig:
    """The vocabulary size, segment embeddings and positions are taken from the prepared data."""

    model: ModelConfig = PRESETS["quickstart-student"]
    relations: FitConfig = field(default_factory=lambda: FitConfig(steps=20))
    scores: FitConfig = field(default_factory=lambda: FitConfig(steps=260, learning_rate=2e-3, warmup_steps=40))
    batch_tokens: int = 2048
    measured: Measured = field(default_factory=Measured)
    relation_heads: int = 4
    teacher_share: float = 0.5  # of the target; the rest is the label


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


def train_student(prepared: Run, teacher_run: Run, out: Path, config: StudentConfig) -> Run:
    """Distil the teacher; measure every exit on the prepared run's validation and test requests."""
    shape = sized_for(config.model, prepared)
    settings = to_dict(config) | {"model": to_dict(shape)}
    parents = [prepared, teacher_run]
    check_same_data(prepared, teacher_run)
    if not finished(out, "student", parents, settings):
        teacher = load_teacher(teacher_run)
        check_relation_heads(config.relation_heads, teacher.config, shape)
        with writing(out, "student", parents, settings) as workspace:
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

            fit(
                model,
                batches,
                relations,
                config.relations,
                workspace.scratch / "relations",
                "student: relations",
            )
            fit(model, batches, scores, config.scores, workspace.scratch / "scores", "student: scores")
            workspace.keep_metrics("relations", "scores")
            complete(workspace, model, prepared, config.measured, "Student")
    return Run.open(out, "student")


def check_relation_heads(heads: int, teacher: ModelConfig, student: ModelConfig) -> None:
    """Each relation head takes an equal part of either model's width."""
    for name, width in (("teacher", teacher.hidden_size), ("student", student.hidden_size)):
        if heads < 1 or width % heads:
            raise EdgeError(f"relation_heads={heads} does not divide the {name}'s hidden size {width}")
