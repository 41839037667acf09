"""All stages in one call, each into a directory of its own; finished stages are skipped."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from cloud.data.prepare import PrepareConfig, config_for, open_source, prepare
from cloud.fit import FitConfig
from cloud.runs import Run
from cloud.teacher import TEACHERS, TeacherConfig, train_teacher
from compress.pruned import PRUNINGS, PruneConfig, prune_student
from compress.quantised import quantise_student
from distill.student import STUDENTS, StudentConfig, check_relation_heads, train_student
from export.student import EXPORTS, ExportConfig, export_student
from export.weights import require_shared


@dataclass(frozen=True)
class PipelineConfig:
    """The settings of every stage. What only fits together is checked here, before anything is trained."""

    prepare: PrepareConfig
    teacher: TeacherConfig
    student: StudentConfig
    prune: PruneConfig
    export: ExportConfig = field(default_factory=ExportConfig)

    def __post_init__(self) -> None:
        check_relation_heads(self.student.relation_heads, self.teacher.model, self.student.model)
        require_shared(self.student.model)
        self.export.buckets.holding(self.prepare.text)


def quickstart(data: str) -> PipelineConfig:
    """Minutes on two cores."""
    return PipelineConfig(
        config_for(open_source(data), "quickstart"),
        TEACHERS["quickstart"],
        STUDENTS["quickstart"],
        PRUNINGS["quickstart"],
        EXPORTS["quickstart"],
    )


def smoke(data: str) -> PipelineConfig:
    """A smoke test of the whole road, in two minutes: the quickstart with a tenth of its steps."""
    whole = quickstart(data)
    teacher, student, prune = whole.teacher, whole.student, whole.prune
    schedule = replace(prune.schedule, end=prune.schedule.end // 10, every=1)
    return replace(
        whole,
        teacher=replace(teacher, infill=_tenth(teacher.infill), click=_tenth(teacher.click)),
        student=replace(student, relations=_tenth(student.relations), scores=_tenth(student.scores)),
        prune=replace(prune, schedule=schedule, fit=_tenth(prune.fit)),
    )


def _tenth(fit: FitConfig) -> FitConfig:
    return replace(fit, steps=fit.steps // 10, warmup_steps=fit.warmup_steps // 10)


PIPELINES = {"quickstart": quickstart, "smoke": smoke}


@dataclass(frozen=True)
class Stages:
    """The finished runs, in the order in which they were made."""

    data: Run
    teacher: Run
    student: Run
    pruned: Run
    int8: Run
    export: Run


def run_pipeline(data: str, out: Path, config: PipelineConfig, skip_bad_rows: bool = False) -> Stages:
    """Prepare, train, distil, prune, quantise and export under `out`; goes on where an earlier call stopped."""
    out.mkdir(parents=True, exist_ok=True)
    with _stage("data"):
        prepared = prepare(open_source(data), out / "data", config.prepare, skip_bad_rows)
    with _stage("teacher"):
        teacher = train_teacher(prepared, out / "teacher", config.teacher)
    with _stage("student"):
        student = train_student(prepared, teacher, out / "student", config.student)
    with _stage("pruned"):
        pruned = prune_student(prepared, teacher, student, out / "pruned", config.prune)
    with _stage("int8"):
        int8 = quantise_student(prepared, pruned, out / "int8")
    with _stage("export"):
        exported = export_student(prepared, int8, out / "export", config.export)
    return Stages(prepared, teacher, student, pruned, int8, exported)


class _stage:  # noqa: N801 (reads as a statement)
    """Says on stderr what begins, and how long it took."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        print(f"== {self.name}", file=sys.stderr, flush=True)
        self.started = time.monotonic()

    def __exit__(self, *error: object) -> None:
        if error == (None, None, None):
            print(f"== {self.name}: {time.monotonic() - self.started:.0f} s", file=sys.stderr, flush=True)
