"""The model over tokens: teacher, student, pruned, int8, and a bundle for apps."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from cloud.data.schema import Source
from cloud.memory import check_memory
from cloud.model import ModelConfig
from cloud.runs.directory import Run
from cloud.teacher import STAGE as TEACHER
from cloud.teacher import train_teacher
from compress.pruned import STAGE as PRUNED
from compress.pruned import prune_student
from compress.quantised import STAGES as QUANTISED
from compress.quantised import quantise_student
from distill.student import STAGE as STUDENT
from distill.student import train_student
from edge.text.wordpiece import SPECIAL_TOKENS
from export.student import STAGE as EXPORTED
from export.student import export_student
from pipeline.road import Outcome, Road, Runs, Step, data_step, rivals_step
from pipeline.tokens.settings import TokensConfig


def token_road(source: Source, config: TokensConfig, skip_bad_rows: bool = False) -> Road:
    """Data, teacher, student, pruned, int8, export, rivals."""

    def teacher(runs: Runs, out: Path, restart: bool) -> Run:
        return train_teacher(runs["data"], out, config.teacher, restart)

    def student(runs: Runs, out: Path, restart: bool) -> Run:
        return train_student(runs["data"], runs["teacher"], out, config.student, restart)

    def pruned(runs: Runs, out: Path, restart: bool) -> Run:
        return prune_student(runs["data"], runs["teacher"], runs["student"], out, config.prune, restart)

    def int8(runs: Runs, out: Path, restart: bool) -> Run:
        return quantise_student(runs["data"], runs["pruned"], out, restart=restart)

    def export(runs: Runs, out: Path, restart: bool) -> Run:
        return export_student(runs["data"], runs["int8"], out, config.export, restart)

    of_teacher, of_student = _least(config, config.teacher.model), _least(config, config.student.model)
    steps = (
        data_step(source, config.prepare, skip_bad_rows),
        Step("teacher", TEACHER, teacher, "teacher", partial(check_memory, of_teacher)),
        Step("student", STUDENT, student, "student", partial(check_memory, of_student, of_teacher)),
        Step("pruned", PRUNED, pruned, "prune"),
        Step("int8", QUANTISED["int8"], int8),
        Step("export", EXPORTED, export, "export"),
        rivals_step(source, config.prepare, skip_bad_rows),
    )
    return Road(steps, partial(_report, config))


def _least(config: TokensConfig, model: ModelConfig) -> ModelConfig:
    """The shape with the least vocabulary that the data could have."""
    text = config.prepare.text
    return replace(model, vocabulary_size=len(SPECIAL_TOKENS), slots=text.slots, positions=text.max_segment_tokens)


def _report(config: TokensConfig, runs: Runs, out: Path) -> Outcome:
    from pipeline.tokens.report import write_report  # loads matplotlib, which no stage before needs
    from pipeline.tokens.results import agreement_text, results, results_text

    rows = results(runs)
    bundle = runs["export"].path / f"{config.export.name}.edge"
    write_report(runs, rows, bundle, out)
    text = f"{results_text(rows)}\n\n{agreement_text(runs)}\n\nbundle: {bundle}\nreport: {out / 'report.html'}"
    return Outcome({"rows": rows}, text)
