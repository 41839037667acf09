"""Stage "ranker": the ranking model over entries, trained with a target at every row, measured at every exit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from cloud.checkpoint import save_weights
from cloud.data.log import PARTS
from cloud.data.rows import Prepared
from cloud.device import best_device, on_device
from cloud.fit import FitConfig, fit
from cloud.limits import MOST_WEIGHT
from cloud.ranking.losses import ranking_loss
from cloud.ranking.model import RankingModel
from cloud.ranking.shape import RankingShape
from cloud.ranking.timelines import TimelineBatch, Timelines, Window
from cloud.runs.directory import Run, Stage
from cloud.runs.target import Target, Workspace
from cloud.stage import MODEL_FILES, stage_report, text_encoder
from edge.config import check_counts, check_numbers, setting, to_dict
from edge.errors import EdgeError
from edge.files import write_atomically
from edge.metrics import summarise

STAGE = Stage("ranker", 1, MODEL_FILES)
MEASURED = PARTS[1:]
TOGETHER = 64  # windows that are measured together


@dataclass(frozen=True)
class RankerConfig:
    """Vocabulary, numbers and positions of the shape, and the steps of `fit`, are taken from the prepared data."""

    shape: RankingShape = field(default_factory=lambda: RankingShape(vocabulary_size=1, numbers=0))
    fit: FitConfig = field(
        default_factory=lambda: FitConfig(
            steps=0, learning_rate=2e-3, warmup_steps=50, final_rate=0.02, weight_decay=0.05
        )
    )
    passes: int = 5  # over all training rows
    users: int = 32  # windows a step
    targets: int = 64  # of a window, at most
    history: int = 100  # events that a target looks back on, at most
    order_weight: float = 0.2  # of the loss on the order within a window
    dropout: float = 0.25
    word_dropout: float = 0.2
    number_dropout: float = 0.0

    def __post_init__(self) -> None:
        check_counts(self, passes=(0, 10_000), users=(1, 100_000), targets=(1, 10_000), history=(1, 10_000))
        check_numbers(self, order_weight=(0, MOST_WEIGHT))
        for name in ("dropout", "word_dropout", "number_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise EdgeError(f"{setting(name)} is {getattr(self, name):g}", fix="a share from 0 to below 1")


RANKERS = {"entries": RankerConfig()}


def train_ranker(prepared: Run, out: Path, config: RankerConfig, restart: bool = False) -> Run:
    """Train on the prepared run's training rows; measure on its validation and test rows."""
    encoder, rows = text_encoder(prepared), Prepared(prepared)
    longest = encoder.spec.max_segment_tokens
    shape = replace(
        config.shape, vocabulary_size=len(encoder.wordpiece), numbers=len(encoder.spec.numbers), positions=longest
    )
    target = Target(out, STAGE, [prepared], to_dict(replace(config, shape=shape)), restart=restart)
    if not target.finished():
        timelines = Timelines(rows, config.history, config.targets, longest)
        batches = _Batches(timelines, timelines.windows(rows.part("train")), config)
        with target.writing() as workspace:
            torch.manual_seed(config.fit.seed)
            model = RankingModel(shape, config.dropout, config.word_dropout, config.number_dropout)
            steps = replace(config.fit, steps=config.passes * batches.of_pass)
            fit(model, batches, partial(_loss, config.order_weight), steps, workspace.scratch / "fit", "ranker")
            workspace.keep_metrics("fit")
            _complete(workspace, model, prepared, timelines)
    return Run.open(out, STAGE.name)


def _loss(order_weight: float, model: nn.Module, batch: TimelineBatch, step: int) -> tuple[Tensor, dict[str, float]]:
    return ranking_loss(model, batch, order_weight)


class _Batches:
    """Batch i: the windows of pass i // `of_pass` in an order of their own."""

    def __init__(self, timelines: Timelines, windows: Sequence[Window], config: RankerConfig) -> None:
        self.timelines, self.windows, self.config = timelines, windows, config
        self.of_pass = -(-len(windows) // config.users)
        self._order: tuple[int, Any] = (-1, None)

    def __call__(self, number: int) -> TimelineBatch:
        turn, place = divmod(number, self.of_pass)
        if self._order[0] != turn:
            seed = (self.config.fit.seed, turn)
            self._order = turn, np.random.default_rng(seed).permutation(len(self.windows))
        chosen = self._order[1][place * self.config.users : (place + 1) * self.config.users]
        return self.timelines.batch([self.windows[one] for one in chosen.tolist()])


def scores_of(model: RankingModel, timelines: Timelines, rows: np.ndarray, name: str = "measuring") -> np.ndarray:
    """(exit, row) logits of the rows, in their order."""
    windows = timelines.windows(rows)
    device, parts = next(model.parameters()).device, []
    model.eval()
    with torch.inference_mode(), tqdm(total=len(rows), desc=name, unit=" rows", leave=False, disable=None) as progress:
        for first in range(0, len(windows), TOGETHER):
            batch = on_device(timelines.batch(windows[first : first + TOGETHER]), device)
            parts.append(model(batch)[:, batch.real].cpu().numpy())
            progress.update(parts[-1].shape[1])
    return np.concatenate(parts, axis=1)


def measure(model: RankingModel, prepared: Run, timelines: Timelines) -> dict[str, Any]:
    """Split -> "entries" -> exit -> figures."""
    rows, found = Prepared(prepared), {}
    for part in MEASURED:
        chosen = rows.part(part)
        scores = scores_of(model.to(best_device()), timelines, chosen, f"measuring {part}")
        labels, users = rows.column("label")[chosen], rows.column("user")[chosen]
        exits = {str(depth): summarise(scores[depth], labels, users) for depth in model.shape.exits}
        found[part] = {"entries": exits}
    return found


def _complete(workspace: Workspace, model: RankingModel, prepared: Run, timelines: Timelines) -> None:
    save_weights(workspace.path, model.state_dict())
    workspace.dataset = dict(prepared.manifest["dataset"])
    workspace.protocol = str(prepared.manifest["protocol"])
    workspace.summary |= {
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "nonzero": sum(int(parameter.count_nonzero()) for parameter in model.parameters()),
        "quality": measure(model, prepared, timelines),
    }
    write_atomically(workspace.path / "report.md", stage_report("Ranker", workspace.summary, workspace.protocol))
