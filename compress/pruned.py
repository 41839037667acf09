"""Stage "ranker-pruned": most weights of a ranking model are removed while it continues to learn."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cloud.data.rows import Prepared
from cloud.device import best_device
from cloud.fit import FitConfig, Loss, fit
from cloud.limits import MOST_WEIGHT
from cloud.ranking.batches import WindowBatches
from cloud.ranking.dropouts import check_dropouts
from cloud.ranking.kept_scores import RANKING_FILES
from cloud.ranking.measure import complete_ranker, load_ranker, shape_of
from cloud.ranking.model import RankingModel
from cloud.ranking.presets import PASSES
from cloud.ranking.timelines import Timelines
from cloud.runs.directory import Run, Stage
from cloud.runs.target import Target, Workspace
from cloud.stage import check_same_data
from compress.magnitude import MagnitudePruner, PruneSchedule, sparsity_by_tensor
from compress.parts import pruned_weights
from compress.windows import check_for_phones, timelines_of, windows_of
from distill.factors import FactorTargets, factor_targets
from distill.scores import TaughtBatches, distilled_loss, teacher_logits
from distill.summaries import SummaryBatches, SummaryLoss, augmented, summary_targets
from edge.arguments import check_share
from edge.config import check_counts, check_numbers, setting, settings_in, to_dict

STAGE = Stage("ranker-pruned", 4, RANKING_FILES)


@dataclass(frozen=True)
class RankerPruning:
    """Pruning, then further training with the zeros fixed. The steps of `fit` are taken from `passes`."""

    sparsity: float = 0.8  # of every table and linear layer that becomes integers
    text_passes: int = 20  # over all texts, in which weights are removed; 0: in the passes over the rows
    passes: int = 3  # over all training rows
    repeats: int = 1  # of each; 0: by the size of the log, 3 at most
    rise: float = 0.6  # share of the steps in which sparsity rises
    every: int = 5  # steps from one removal of weights to the next
    fit: FitConfig = field(
        default_factory=lambda: FitConfig(
            steps=0, learning_rate=2e-3, warmup_steps=10, final_rate=0.02, weight_decay=0.05
        )
    )
    texts: FitConfig = field(default_factory=lambda: FitConfig(steps=0, learning_rate=2e-3))
    together: int = 256  # texts a step
    rounds: int = 4  # in which each text is changed once
    users: int = 0  # windows a step; 0: by the size of the log, 16 at most
    teacher_share: float = 0.5  # of the target; the rest is the label
    order_weight: float = 0.2  # of the loss on the order within a window
    dropout: float = 0.1
    word_dropout: float = 0.1
    number_dropout: float = 0.0

    def __post_init__(self) -> None:
        PruneSchedule(self.sparsity, every=self.every)  # raises the errors of a schedule that is not possible
        check_counts(self, passes=(1, 10_000), repeats=(0, 100), text_passes=(0, 100_000), users=(0, 100_000))
        check_counts(self, together=(1, 1_000_000), rounds=(0, 1_000))
        check_numbers(self, above=True, rise=(0, 1))
        check_numbers(self, order_weight=(0, MOST_WEIGHT))
        check_share(setting("teacher_share"), self.teacher_share, fix="choose a number in that range")
        check_dropouts(self)

    def schedule(self, steps: int) -> PruneSchedule:
        """Of a training of so many steps, at least one."""
        return PruneSchedule(self.sparsity, end=max(1, round(self.rise * steps)), every=self.every)


RANKER_PRUNINGS = {
    "quickstart": RankerPruning(
        text_passes=PASSES["quickstart"].prune_texts, passes=PASSES["quickstart"].prune, repeats=0
    ),
    "lunch": RankerPruning(text_passes=PASSES["lunch"].prune_texts, passes=PASSES["lunch"].prune, repeats=0),
    "m6-edge": RankerPruning(
        text_passes=PASSES["m6-edge"].prune_texts,
        passes=PASSES["m6-edge"].prune,
        every=100,
        texts=FitConfig(steps=0, learning_rate=4e-4, warmup_steps=2_000),
        fit=FitConfig(steps=0, learning_rate=1e-4, warmup_steps=1_000, weight_decay=0.05),
    ),
}


class Pruning(nn.Module):
    """A loss of a model whose weights are being removed, with the masks as state; `before`: steps of earlier phases."""

    def __init__(self, pruner: MagnitudePruner, loss: Loss[Any], before: int = 0) -> None:
        super().__init__()
        self.pruner, self.loss, self.before = pruner, loss, before

    def forward(self, model: nn.Module, batch: Any, step: int) -> tuple[Tensor, dict[str, float]]:
        self.pruner.apply_at(model, self.before + step)
        loss, figures = self.loss(model, batch, step)
        return loss, figures | {"sparsity": self.pruner.schedule.at(self.before + step)}


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
        rows, shape = Prepared(prepared), shape_of(student_run)
        timelines = timelines_of(student_run, rows, bool(shape.factors))
        factors = factor_targets(rows, shape.factors) if shape.factors else None
        windows = WindowBatches(timelines, rows.part("train"), config.users, config.fit.seed + 3)
        taught = TaughtBatches(windows, teacher_logits(teacher_run, rows), factors)
        with target.writing() as workspace:
            model = _trainable(student_run, config)
            texts = _texts(student_run, rows, timelines, factors, config, workspace.scratch)
            _prune(model, texts, taught, config, workspace)
            workspace.summary["sparsity"] = sparsity_by_tensor(model, pruned_weights)
            workspace.keep_metrics("texts", "prune")
            complete_ranker(workspace, model, prepared, timelines, "Pruned ranker")
    return Run.open(out, STAGE.name)


def _prune(
    model: RankingModel,
    texts: SummaryBatches | None,
    taught: TaughtBatches,
    config: RankerPruning,
    workspace: Workspace,
) -> None:
    """Texts are many times cheaper than rows, so weights are removed while they are learned, if there are any."""
    of_texts, of_rows = (
        texts.of_pass * config.text_passes if texts else 0,
        taught.windows.steps(config.passes, config.repeats),
    )
    pruner = MagnitudePruner(model, config.schedule(of_texts or of_rows), pruned_weights)
    if texts:
        with settings_in("texts"):
            steps, loss = replace(config.texts, steps=of_texts), Pruning(pruner, SummaryLoss())
            fit(model, texts, loss, steps, workspace.scratch / "texts", "pruning: texts")
    with settings_in("fit"):
        distilled = partial(distilled_loss, config.teacher_share, config.order_weight)
        steps, loss = replace(config.fit, steps=of_rows), Pruning(pruner, distilled, of_texts)
        fit(model, taught, loss, steps, workspace.scratch / "prune", "pruning")
    pruner.apply_at(model, of_texts + of_rows)


def _texts(
    source: Run,
    rows: Prepared,
    timelines: Timelines,
    factors: FactorTargets | None,
    config: RankerPruning,
    scratch: Path,
) -> SummaryBatches | None:
    """Texts, and those changed, with the summaries that the model had before it lost any weight."""
    if not config.text_passes:
        return None
    seed = config.texts.seed
    texts, sources = augmented(timelines.texts, len(rows.items.names), config.rounds, config.word_dropout, seed)
    targets = summary_targets(load_ranker(source).to(best_device()), texts, 0, scratch / "summaries.safetensors")
    learned = None if factors is None else factors.of_sources(sources)
    return SummaryBatches(texts, targets, config.together, seed, learned)


def _trainable(run: Run, config: RankerPruning) -> RankingModel:
    torch.manual_seed(config.fit.seed)
    model = RankingModel(shape_of(run), config.dropout, config.word_dropout, config.number_dropout)
    model.load_state_dict(load_ranker(run).state_dict())
    return model
