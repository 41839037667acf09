"""Stage "ranker-pruned": a ranking model loses most of its weights while it goes on learning."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cloud.data.rows import Prepared
from cloud.fit import FitConfig, Loss, fit
from cloud.limits import MOST_WEIGHT
from cloud.ranking.batches import WindowBatches
from cloud.ranking.dropouts import check_dropouts
from cloud.ranking.kept_scores import RANKING_FILES
from cloud.ranking.measure import complete_ranker, load_ranker, shape_of
from cloud.ranking.model import RankingModel
from cloud.ranking.presets import PASSES
from cloud.runs.directory import Run, Stage
from cloud.runs.target import Target
from cloud.stage import check_same_data
from compress.magnitude import MagnitudePruner, PruneSchedule, sparsity_by_tensor
from compress.ranking.parts import compressed_weights
from compress.ranking.windows import check_for_phones, timelines_of, windows_of
from distill.ranking.factors import factor_targets
from distill.ranking.scores import TaughtBatches, distilled_loss, teacher_logits
from edge.arguments import check_share
from edge.config import check_counts, check_numbers, setting, settings_in, to_dict

STAGE = Stage("ranker-pruned", 1, RANKING_FILES)


@dataclass(frozen=True)
class RankerPruning:
    """Pruning, then training on with the zeros fixed. The steps of `fit` are taken from `passes`."""

    sparsity: float = 0.8  # of every table and linear layer that becomes integers
    passes: int = 2  # over all training rows
    rise: float = 0.6  # share of the steps in which sparsity rises
    every: int = 5  # steps from one removal of weights to the next
    fit: FitConfig = field(
        default_factory=lambda: FitConfig(
            steps=0, learning_rate=1e-3, warmup_steps=10, final_rate=0.02, weight_decay=0.05
        )
    )
    users: int = 0  # windows a step; 0: by the size of the log, 32 at most
    teacher_share: float = 0.5  # of the target; the rest is the label
    order_weight: float = 0.2  # of the loss on the order within a window
    dropout: float = 0.1
    word_dropout: float = 0.1
    number_dropout: float = 0.0

    def __post_init__(self) -> None:
        PruneSchedule(self.sparsity, every=self.every)  # which refuses what it cannot keep to
        check_counts(self, passes=(1, 10_000), users=(0, 100_000))
        check_numbers(self, above=True, rise=(0, 1))
        check_numbers(self, order_weight=(0, MOST_WEIGHT))
        check_share(setting("teacher_share"), self.teacher_share, fix="choose a number in that range")
        check_dropouts(self)

    def schedule(self, steps: int) -> PruneSchedule:
        """Of a training of so many steps, at least one."""
        return PruneSchedule(self.sparsity, end=max(1, round(self.rise * steps)), every=self.every)


RANKER_PRUNINGS = {
    "quickstart": RankerPruning(passes=PASSES["quickstart"].prune),
    "lunch": RankerPruning(passes=PASSES["lunch"].prune),
    "m6-edge": RankerPruning(
        passes=PASSES["m6-edge"].prune,
        every=100,
        fit=FitConfig(steps=0, learning_rate=1e-4, warmup_steps=1_000, weight_decay=0.05),
    ),
}


class Pruning(nn.Module):
    """A loss of a model whose weights are being removed, with the masks as state."""

    def __init__(self, pruner: MagnitudePruner, loss: Loss[Any]) -> None:
        super().__init__()
        self.pruner, self.loss = pruner, loss

    def forward(self, model: nn.Module, batch: Any, step: int) -> tuple[Tensor, dict[str, float]]:
        self.pruner.apply_at(model, step)
        loss, figures = self.loss(model, batch, step)
        return loss, figures | {"sparsity": self.pruner.schedule.at(step)}


def prune_ranker(
    prepared: Run, teacher_run: Run, student_run: Run, out: Path, config: RankerPruning, restart: bool = False
) -> Run:
    """Prune the student's tables and layers while it learns on from the teacher, which may be the student itself."""
    parents = [prepared, teacher_run, *([student_run] if student_run.hash != teacher_run.hash else [])]
    check_same_data(prepared, *parents[1:])
    check_for_phones(student_run)
    facts = windows_of(student_run) | {"shape": student_run.config["shape"]}
    target = Target(out, STAGE, parents, to_dict(config), facts, restart)
    if not target.finished():
        rows = Prepared(prepared)
        shape = shape_of(student_run)
        timelines = timelines_of(student_run, rows, bool(shape.factors))
        windows = WindowBatches(timelines, rows.part("train"), config.users, config.fit.seed + 3)
        factors = factor_targets(rows, shape.factors) if shape.factors else None
        batches = TaughtBatches(windows, teacher_logits(teacher_run, rows), factors)
        loss = partial(distilled_loss, config.teacher_share, config.order_weight)
        with target.writing() as workspace:
            model, steps = _trainable(student_run, config), config.passes * windows.of_pass
            pruner = MagnitudePruner(model, config.schedule(steps), compressed_weights)
            with settings_in("fit"):
                fitted = replace(config.fit, steps=steps)
                fit(model, batches, Pruning(pruner, loss), fitted, workspace.scratch / "prune", "pruning")
            pruner.apply_at(model, steps)
            workspace.summary["sparsity"] = sparsity_by_tensor(model, compressed_weights)
            workspace.keep_metrics("prune")
            complete_ranker(workspace, model, prepared, timelines, "Pruned ranker")
    return Run.open(out, STAGE.name)


def _trainable(run: Run, config: RankerPruning) -> RankingModel:
    torch.manual_seed(config.fit.seed)
    model = RankingModel(shape_of(run), config.dropout, config.word_dropout, config.number_dropout)
    model.load_state_dict(load_ranker(run).state_dict())
    return model
