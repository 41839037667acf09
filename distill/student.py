"""Stage "ranker-student": one shared layer learns a ranking model's summaries, relations and scores, in turn."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import torch

from cloud.data.rows import Prepared
from cloud.device import best_device
from cloud.fit import FitConfig, fit
from cloud.limits import MOST_WEIGHT, MOST_WIDTH
from cloud.ranking.batches import WindowBatches
from cloud.ranking.cloud_numbers import collaborative_number
from cloud.ranking.dropouts import check_dropouts
from cloud.ranking.kept_scores import RANKING_FILES
from cloud.ranking.measure import complete_ranker, load_ranker, sized_ranking
from cloud.ranking.model import RankingModel
from cloud.ranking.presets import PASSES, STUDENT_SHAPES, RoadPasses
from cloud.ranking.shape import RankingShape
from cloud.ranking.timelines import Timelines
from cloud.ranking.train import timelines_for
from cloud.runs.directory import Run, Stage
from cloud.runs.target import Target, Workspace
from cloud.stage import check_same_data
from distill.factors import FactorTargets, factor_targets, settle_likeness
from distill.relations import between_entries, between_tokens, relation_loss
from distill.scores import TaughtBatches, distilled_loss, teacher_logits
from distill.summaries import SummaryBatches, SummaryLoss, augmented, pretrained_targets, summary_targets
from edge.arguments import check_share
from edge.config import check_counts, check_numbers, setting, settings_in, to_dict
from edge.errors import EdgeError

STAGE = Stage("ranker-student", 3, RANKING_FILES)
MOST_ROUNDS = 1_000


@dataclass(frozen=True)
class Passes:
    """How often each phase goes over its data; 0 leaves it out."""

    summaries: int = 10  # over all texts, those that were changed included
    relations: int = 1  # over all training rows
    scores: int = 2

    def __post_init__(self) -> None:
        check_counts(self, summaries=(0, 100_000), relations=(0, 10_000), scores=(0, 10_000))

    @classmethod
    def of(cls, road: RoadPasses) -> Passes:
        """The student's part of a road's passes."""
        return cls(road.summaries, road.relations, road.scores)


@dataclass(frozen=True)
class RankingStudentConfig:
    """Vocabulary, numbers and positions of the shape are taken from the prepared data, the steps from `passes`."""

    shape: RankingShape
    passes: Passes = field(default_factory=Passes)
    summaries: FitConfig = field(default_factory=lambda: FitConfig(steps=0, learning_rate=2e-3))
    relations: FitConfig = field(default_factory=lambda: FitConfig(steps=0, learning_rate=1e-3))
    scores: FitConfig = field(
        default_factory=lambda: FitConfig(
            steps=0, learning_rate=2e-3, warmup_steps=50, final_rate=0.02, weight_decay=0.05
        )
    )
    repeats: int = 1  # of each pass over rows; 0: by the size of the log, 3 at most
    texts: int = 256  # a step of the summaries
    rounds: int = 4  # in which each text is changed once
    users: int = 0  # windows a step; 0: by the size of the log, 16 at most
    targets: int = 64  # of a window, at most
    history: int = 100  # events that a target looks back on, at most
    relation_heads: int = 8
    token_weight: float = 0.0  # of the relations between tokens, beside those between entries
    teacher_share: float = 0.5  # of the target; the rest is the label
    order_weight: float = 0.2  # of the loss on the order within a window
    dropout: float = 0.1
    word_dropout: float = 0.1
    number_dropout: float = 0.0

    def __post_init__(self) -> None:
        check_counts(
            self, repeats=(0, 100), texts=(1, 1_000_000), rounds=(0, MOST_ROUNDS), relation_heads=(1, MOST_WIDTH)
        )
        check_counts(self, users=(0, 100_000), targets=(1, 10_000), history=(1, 10_000))
        check_numbers(self, order_weight=(0, MOST_WEIGHT), token_weight=(0, MOST_WEIGHT))
        check_share(setting("teacher_share"), self.teacher_share, fix="choose a number in that range")
        check_dropouts(self)
        check_relation_heads(self.relation_heads, self.shape, setting("shape.hidden_size"))


def check_relation_heads(heads: int, shape: RankingShape, name: str) -> None:
    """Errors: the relation heads cannot share the width, whose `name` this is, among them."""
    if shape.hidden_size % heads:
        raise EdgeError(
            f"{setting('relation_heads')}={heads} does not divide {name}={shape.hidden_size}",
            fix=f"set {setting('relation_heads')} to a number that divides both models' hidden sizes",
        )


RANKING_STUDENTS = {
    "quickstart": RankingStudentConfig(STUDENT_SHAPES["quickstart"], Passes.of(PASSES["quickstart"]), repeats=0),
    "lunch": RankingStudentConfig(STUDENT_SHAPES["lunch"], Passes.of(PASSES["lunch"]), repeats=0),
    "m6-edge": RankingStudentConfig(
        STUDENT_SHAPES["m6-edge"],
        Passes.of(PASSES["m6-edge"]),
        summaries=FitConfig(steps=0, learning_rate=4e-4, warmup_steps=2_000),
        relations=FitConfig(steps=0, learning_rate=4e-4, warmup_steps=2_000),
        scores=FitConfig(steps=0, learning_rate=2e-4, warmup_steps=2_000, final_rate=0.02, weight_decay=0.05),
        relation_heads=32,
    ),
}  # fmt: skip


def train_ranking_student(
    prepared: Run, teacher_run: Run, out: Path, config: RankingStudentConfig, restart: bool = False
) -> Run:
    """Distil the teacher; measure every exit on the prepared run's validation and test rows.

    The batches hold all numbers that the teacher reads; the student reads those that a phone computes.
    """
    check_same_data(prepared, teacher_run)
    config = replace(config, shape=sized_ranking(config.shape, prepared))
    target = Target(out, STAGE, [prepared, teacher_run], to_dict(config), restart=restart)
    if not target.finished():
        teacher = load_ranker(teacher_run).requires_grad_(False).to(best_device())
        check_relation_heads(config.relation_heads, teacher.shape, f"{teacher_run.path} shape.hidden_size")
        rows = Prepared(prepared)
        further = bool(config.shape.factors) or bool(teacher_run.config["collaborative"])
        timelines = timelines_for(rows, config.shape, config.history, config.targets, further)
        with target.writing() as workspace:
            torch.manual_seed(config.scores.seed)
            model = RankingModel(config.shape, config.dropout, config.word_dropout, config.number_dropout)
            factors = None
            if config.shape.factors:
                factors = factor_targets(rows, config.shape.factors)
                settle_likeness(model, collaborative_number(rows), factors.unit)
            lesson = _Lesson(model, teacher, rows, timelines, factors, config, workspace)
            _learn_summaries(lesson)
            _learn_relations(lesson)
            _learn_scores(lesson, teacher_run)
            workspace.keep_metrics("summaries", "relations", "scores")
            complete_ranker(workspace, model, prepared, timelines, "Ranking student")
    return Run.open(out, STAGE.name)


@dataclass(frozen=True)
class _Lesson:
    """What every phase of the distillation works with; `model` is trained in place."""

    model: RankingModel
    teacher: RankingModel
    rows: Prepared
    timelines: Timelines
    factors: FactorTargets | None
    config: RankingStudentConfig
    workspace: Workspace


def _learn_summaries(lesson: _Lesson) -> None:
    config, teacher, rows, workspace = lesson.config, lesson.teacher, lesson.rows, lesson.workspace
    if not config.passes.summaries:
        return
    seed, plain = config.summaries.seed, lesson.timelines.texts
    mixed = 0 if teacher.pretrained is not None else len(rows.items.names)  # a pretrained encoder has read no mixtures
    texts, sources = augmented(plain, mixed, config.rounds, config.word_dropout, seed)
    if teacher.pretrained is not None:
        targets = pretrained_targets(teacher, sources, len(plain.lengths))
    else:
        cache = workspace.scratch / "teacher-summaries.safetensors"
        targets = summary_targets(teacher, texts, len(plain.lengths), cache)
    learned = None if lesson.factors is None else lesson.factors.of_sources(sources)
    batches = SummaryBatches(texts, targets, config.texts, seed, learned)
    loss = SummaryLoss(config.shape.hidden_size, teacher.shape.hidden_size)
    steps = replace(config.summaries, steps=config.passes.summaries * batches.of_pass)
    with settings_in("summaries"):
        fit(lesson.model, batches, loss, steps, workspace.scratch / "summaries", "student: summaries")


def _learn_relations(lesson: _Lesson) -> None:
    config, model, teacher, workspace = lesson.config, lesson.model, lesson.teacher, lesson.workspace
    if not config.passes.relations:
        return
    if not between_entries(model, teacher) and not (config.token_weight and between_tokens(model, teacher)):
        layers = f"{model.shape.interact_layers} and {teacher.shape.interact_layers}"
        _skip(workspace, f"relations: student and teacher have {layers} interact layers")
        return
    batches = WindowBatches(lesson.timelines, lesson.rows.part("train"), config.users, config.relations.seed + 1)
    loss = partial(relation_loss, teacher, config.relation_heads, config.token_weight)
    steps = replace(config.relations, steps=batches.steps(config.passes.relations, config.repeats))
    with settings_in("relations"):
        fit(model, batches, loss, steps, workspace.scratch / "relations", "student: relations")


def _skip(workspace: Workspace, what: str) -> None:
    workspace.summary.setdefault("skipped", []).append(what)
    print(f"student: skipped {what}", file=sys.stderr, flush=True)


def _learn_scores(lesson: _Lesson, teacher_run: Run) -> None:
    config, rows = lesson.config, lesson.rows
    if not config.passes.scores:
        return
    logits = teacher_logits(teacher_run, rows)
    windows = WindowBatches(lesson.timelines, rows.part("train"), config.users, config.scores.seed + 2)
    loss = partial(distilled_loss, config.teacher_share, config.order_weight)
    steps = replace(config.scores, steps=windows.steps(config.passes.scores, config.repeats))
    with settings_in("scores"):
        directory = lesson.workspace.scratch / "scores"
        fit(lesson.model, TaughtBatches(windows, logits, lesson.factors), loss, steps, directory, "student: scores")
