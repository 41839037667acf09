"""Stage "ranker": the ranking model, trained with a target at every row, measured at every exit."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from cloud.data.rows import Prepared
from cloud.fit import FitConfig, fit
from cloud.limits import MOST_WEIGHT
from cloud.ranking.batches import WindowBatches
from cloud.ranking.cloud_numbers import collaborative_number
from cloud.ranking.dropouts import check_dropouts
from cloud.ranking.encoder_directory import EncoderDirectory, read_directory
from cloud.ranking.kept_scores import RANKING_FILES
from cloud.ranking.losses import depth_of_step, ranking_loss
from cloud.ranking.measure import complete_ranker, sized_ranking
from cloud.ranking.memory import check_ranking_memory
from cloud.ranking.model import RankingModel
from cloud.ranking.presets import PASSES, TEACHER_SHAPES
from cloud.ranking.pretrained import HASH, EncoderConfig, make_segments
from cloud.ranking.pretrained_encoder import check_kind
from cloud.ranking.shape import RankingShape
from cloud.ranking.timelines import TimelineBatch, Timelines
from cloud.ranking.vectors import FILE as VECTORS
from cloud.ranking.vectors import save_vectors
from cloud.runs.directory import Run, Stage
from cloud.runs.target import Target
from edge.config import check_counts, check_numbers, setting, to_dict
from edge.errors import EdgeError

STAGE = Stage("ranker", 6, (*RANKING_FILES, VECTORS))


@dataclass(frozen=True)
class RankerConfig:
    """Vocabulary, numbers and positions of the shape, and the steps of `fit`, are taken from the prepared data."""

    shape: RankingShape = TEACHER_SHAPES["quickstart"]
    fit: FitConfig = field(
        default_factory=lambda: FitConfig(
            steps=0, learning_rate=2e-3, warmup_steps=50, final_rate=0.02, weight_decay=0.05
        )
    )
    passes: int = 5  # over all training rows
    repeats: int = 1  # of each pass; 0: by the size of the log, 3 at most
    users: int = 0  # windows a step; 0: by the size of the log, 16 at most
    targets: int = 64  # of a window, at most
    history: int = 100  # events that a target looks back on, at most
    order_weight: float = 0.2  # of the loss on the order within a window
    dropout: float = 0.25
    word_dropout: float = 0.2
    number_dropout: float = 0.0
    collaborative: bool = True  # item-item CF as a number beside those that a phone can compute
    encoder: EncoderConfig = field(default_factory=EncoderConfig)  # of a pretrained encoder, if there is one

    def __post_init__(self) -> None:
        check_counts(
            self, passes=(0, 10_000), repeats=(0, 100), users=(0, 100_000), targets=(1, 10_000), history=(1, 10_000)
        )
        check_numbers(self, order_weight=(0, MOST_WEIGHT))
        check_dropouts(self)


RANKERS = {
    "quickstart": RankerConfig(TEACHER_SHAPES["quickstart"], passes=PASSES["quickstart"].teacher, repeats=0),
    "lunch": RankerConfig(TEACHER_SHAPES["lunch"], passes=PASSES["lunch"].teacher, repeats=0),
    "m6-edge": RankerConfig(
        TEACHER_SHAPES["m6-edge"],
        FitConfig(steps=0, learning_rate=2e-4, warmup_steps=2_000, final_rate=0.02, weight_decay=0.05),
        passes=PASSES["m6-edge"].teacher,
    ),
}


def train_ranker(
    prepared: Run, out: Path, config: RankerConfig, restart: bool = False, encoder: Path | None = None
) -> Run:
    """Train on the prepared run's training rows; measure on its validation and test rows.

    `encoder`: the directory of a pretrained encoder for the texts of items and profiles.
    """
    shape = sized_ranking(config.shape, prepared, int(config.collaborative))
    directory = _encoder_directory(encoder, config)
    facts = {HASH: directory.sha256} if directory else {}
    target = Target(out, STAGE, [prepared], to_dict(replace(config, shape=shape)), facts, restart)
    if not target.finished():
        check_ranking_memory(shape)
        rows = Prepared(prepared)
        timelines = timelines_for(rows, shape, config.history, config.targets, config.collaborative)
        batches = WindowBatches(timelines, rows.part("train"), config.users, config.fit.seed)
        with target.writing() as workspace:
            torch.manual_seed(config.fit.seed)
            kept = workspace.scratch / "vectors"
            segments = make_segments(directory, config.encoder, rows, kept, shape.hidden_size) if directory else None
            model = RankingModel(shape, config.dropout, config.word_dropout, config.number_dropout, segments)
            steps = replace(config.fit, steps=batches.steps(config.passes, config.repeats))
            fit(model, batches, partial(_loss, shape, config.order_weight), steps, workspace.scratch / "fit", "ranker")
            workspace.keep_metrics("fit")
            if segments:
                segments.settle(kept)
                save_vectors(workspace.path, segments.vectors, segments.row)
                workspace.summary["encoder"] = segments.about
            complete_ranker(workspace, model, prepared, timelines, "Ranker", of_training=True)
    return Run.open(out, STAGE.name)


def timelines_for(rows: Prepared, shape: RankingShape, history: int, targets: int, collaborative: bool) -> Timelines:
    """Windows of prepared rows; `collaborative`: with item-item CF beside the numbers that a phone can compute."""
    beside = collaborative_number(rows).column if collaborative else None
    return Timelines(rows, history, targets, shape.positions, beside)


def _encoder_directory(path: Path | None, config: RankerConfig) -> EncoderDirectory | None:
    """Errors: no encoder for what its settings ask, an encoder that cannot serve."""
    if path is None:
        if config.encoder != EncoderConfig():
            raise EdgeError(f"{setting('encoder')} is set without an encoder", fix="add --encoder DIR")
        return None
    if config.shape.early_encode:
        problem = f"{setting('shape.early_encode')} is {config.shape.early_encode}, a pretrained encoder has one depth"
        raise EdgeError(problem, fix=f"--set {setting('shape.early_encode')}=0")
    directory = read_directory(path, config.encoder.pooling)
    check_kind(directory)
    return directory


def _loss(
    shape: RankingShape, order_weight: float, model: nn.Module, batch: TimelineBatch, step: int
) -> tuple[Tensor, dict[str, float]]:
    return ranking_loss(model, batch, order_weight, depth_of_step(shape.encode_depths, step))
