"""The steps of `edge run`: data, teacher, student, pruned, int8, rivals, bundle."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from cloud.data.prepare import STAGE as PREPARED
from cloud.data.prepare import PrepareConfig, open_source, prepare
from cloud.data.report import warnings
from cloud.data.schema import Source
from cloud.ranking.memory import check_ranking_memory
from cloud.ranking.train import STAGE as RANKER
from cloud.ranking.train import train_ranker
from cloud.rivals.stage import STAGE as RIVALS
from cloud.rivals.stage import is_installed as rivals_installed
from cloud.rivals.stage import measure_beside
from cloud.runs.directory import Run
from compress.pruned import STAGE as PRUNED
from compress.pruned import prune_ranker
from compress.quantised import STAGES as QUANTISED
from compress.quantised import quantise_run
from distill.student import STAGE as STUDENT
from distill.student import train_ranking_student
from export.settings import require_writers
from export.stage import RANKER_EXPORT, export_ranker
from pipeline.road import Outcome, Road, Runs, Step
from pipeline.settings import RoadConfig

INT8 = "ranker-int8"


def road_of(data: str, config: RoadConfig, skip_bad_rows: bool = False) -> Road:
    """The road with that configuration on that data."""
    source = open_source(data)

    def teacher(runs: Runs, out: Path, restart: bool) -> Run:
        return train_ranker(runs["data"], out, config.teacher, restart)

    def student(runs: Runs, out: Path, restart: bool) -> Run:
        return train_ranking_student(runs["data"], runs["teacher"], out, config.student, restart)

    def pruned(runs: Runs, out: Path, restart: bool) -> Run:
        return prune_ranker(runs["data"], runs["teacher"], runs["student"], out, config.prune, restart)

    def int8(runs: Runs, out: Path, restart: bool) -> Run:
        before = [runs["teacher"], runs["student"]]
        return quantise_run(runs["data"], runs["pruned"], out, INT8, before, restart)

    def export(runs: Runs, out: Path, restart: bool) -> Run:
        rivals = runs.get("rivals")  # where they were measured
        return export_ranker(runs["data"], runs["int8"], out, config.export, restart, rivals)

    of_teacher, of_student = config.least(config.teacher.shape), config.least(config.student.shape)
    steps = (
        _data_step(source, config.prepare, skip_bad_rows),
        Step("teacher", RANKER, teacher, "teacher", partial(check_ranking_memory, of_teacher)),
        Step("student", STUDENT, student, "student", partial(check_ranking_memory, of_student, of_teacher)),
        Step("pruned", PRUNED, pruned, "prune"),
        Step("int8", QUANTISED[INT8], int8),
        _rivals_step(source, config.prepare, skip_bad_rows),
        Step("export", RANKER_EXPORT, export, "export", require_writers),
    )
    return Road(steps, _report)


def _data_step(source: Source, config: PrepareConfig, skip_bad_rows: bool) -> Step:
    def make(runs: Runs, out: Path, restart: bool) -> Run:
        prepared = prepare(source, out, config, skip_bad_rows, restart)
        print(warnings(prepared.summary), end="", file=sys.stderr)
        return prepared

    return Step("data", PREPARED, make, "prepare")


def _rivals_step(source: Source, config: PrepareConfig, skip_bad_rows: bool) -> Step:
    """The rivals, on the same rows."""

    def make(runs: Runs, out: Path, restart: bool) -> Run:
        return measure_beside(runs["data"], source, out, config, skip_bad_rows, restart)

    missing = "" if rivals_installed() else "not measured, which needs pip install '.[rivals]'"
    return Step("rivals", RIVALS, make, left_out=missing)


def _report(runs: Runs, out: Path, command: str) -> Outcome:
    from pipeline.report import report  # loads matplotlib, which no stage before needs

    return report(runs, out, command)
