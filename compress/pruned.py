"""Stage "pruned": the student loses most of its weights while it goes on learning."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from cloud.attention import Plan
from cloud.batches import LabelledBatch, RequestBatches
from cloud.checkpoint import load_encoder, load_teacher
from cloud.data.requests import load_requests
from cloud.fit import FitConfig, fit
from cloud.limits import MOST_BATCH_TOKENS
from cloud.model import Encoder
from cloud.runs.directory import Run, Stage
from cloud.runs.target import Target
from cloud.stage import MODEL_FILES, Measured, check_same_data, complete, plans_of
from compress.magnitude import MagnitudePruner, PruneSchedule, sparsity_by_tensor
from distill.scores import plan_of_step, score_loss
from edge.arguments import check_share
from edge.config import check_counts, setting, settings_in, to_dict
from edge.errors import EdgeError

STAGE = Stage("pruned", 1, MODEL_FILES)


@dataclass(frozen=True)
class PruneConfig:
    """Pruning, then training on with the zeros fixed."""

    schedule: PruneSchedule = field(default_factory=lambda: PruneSchedule(end=110))
    fit: FitConfig = field(default_factory=lambda: FitConfig(steps=170, learning_rate=1e-3))
    batch_tokens: int = 2048
    measured: Measured = field(default_factory=Measured)
    teacher_share: float = 0.5

    def __post_init__(self) -> None:
        check_counts(self, batch_tokens=(1, MOST_BATCH_TOKENS))
        check_share(setting("teacher_share"), self.teacher_share, fix="choose a number in that range")
        end, steps = setting("schedule.end"), setting("fit.steps")
        if self.schedule.end > self.fit.steps:
            raise EdgeError(
                f"{end}={self.schedule.end} is after the last step, {steps}={self.fit.steps}",
                fix=f"--set {end}=N with N up to {self.fit.steps}, or --set {steps}=N with N from {self.schedule.end}",
            )


PRUNINGS = {
    "quickstart": PruneConfig(measured=Measured(plans=("prefix",))),
    "m6-edge": PruneConfig(
        schedule=PruneSchedule(end=60_000, every=100),
        fit=FitConfig(steps=100_000, learning_rate=1e-4, warmup_steps=1_000, accumulate=4),
        batch_tokens=16_384,
    ),
}


class PrunedScores(nn.Module):
    """Score distillation of a model whose weights are being removed; a loss with the masks as state."""

    def __init__(
        self, pruner: MagnitudePruner, teacher: Encoder, plans: tuple[Plan, ...], teacher_share: float
    ) -> None:
        super().__init__()
        self.pruner = pruner
        self.plans = plans
        self.teacher_share = teacher_share
        self.frozen = (teacher,)  # in a tuple: not part of this module's state

    def forward(self, model: Encoder, batch: LabelledBatch, step: int) -> tuple[Tensor, dict[str, float]]:
        self.pruner.apply_at(model, step)
        loss = score_loss(model, self.frozen[0], batch, plan_of_step(self.plans, step), self.teacher_share)
        return loss, {"sparsity": self.pruner.schedule.at(step)}


def prune_student(
    prepared: Run, teacher_run: Run, student_run: Run, out: Path, config: PruneConfig, restart: bool = False
) -> Run:
    """Prune every embedding table and linear layer of the student to the schedule's sparsity."""
    parents = [prepared, teacher_run, student_run]
    check_same_data(prepared, teacher_run, student_run)
    target = Target(out, STAGE, parents, to_dict(config), {"model": student_run.config["model"]}, restart)
    if not target.finished():
        teacher = load_teacher(teacher_run)
        with target.writing() as workspace:
            torch.manual_seed(config.fit.seed)
            model = load_encoder(student_run)
            pruner = MagnitudePruner(model, config.schedule)
            loss = PrunedScores(pruner, teacher, plans_of(model.config), config.teacher_share)
            batches = RequestBatches(load_requests(prepared, "train"), config.batch_tokens, config.fit.seed + 2)
            with settings_in("fit"):
                fit(model, batches, loss, config.fit, workspace.scratch / "prune", "student: pruning")
            pruner.apply_at(model, config.fit.steps)
            workspace.summary["sparsity"] = sparsity_by_tensor(model)
            workspace.keep_metrics("prune")
            complete(workspace, model, prepared, config.measured, "Pruned student")
    return Run.open(out, STAGE.name)
