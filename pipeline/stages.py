"""All stages in one call, each into a directory of its own; finished stages are skipped."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from cloud.data.prepare import STAGE as PREPARED
from cloud.data.prepare import open_source, prepare
from cloud.data.report import warnings
from cloud.memory import check_memory
from cloud.rivals.stage import STAGE as RIVALS
from cloud.rivals.stage import is_installed as rivals_installed
from cloud.rivals.stage import measure_beside
from cloud.runs.differences import DifferentRunError
from cloud.runs.directory import DamagedRunError, Run, is_finished, lock_of, partial_of
from cloud.runs.disk import check_place, disk_errors
from cloud.runs.lock import check_unlocked, locked
from cloud.runs.removal import check_removable, start_over
from cloud.runs.target import check_free
from cloud.teacher import STAGE as TEACHER
from cloud.teacher import train_teacher
from compress.pruned import STAGE as PRUNED
from compress.pruned import prune_student
from compress.quantised import STAGES as QUANTISED
from compress.quantised import quantise_student
from distill.student import STAGE as STUDENT
from distill.student import train_student
from edge.config import settings_in
from edge.errors import EdgeError, known_names
from edge.text.wordpiece import SPECIAL_TOKENS
from export.student import STAGE as EXPORTED
from export.student import export_student
from pipeline.settings import PipelineConfig

LOCK = "run.lock"  # in the directory of all stages while `edge run` is at work there
REPORTS = ("report.html", "report.md", "plots")
STAGES = {
    "data": PREPARED,
    "teacher": TEACHER,
    "student": STUDENT,
    "pruned": PRUNED,
    "int8": QUANTISED["int8"],
    "export": EXPORTED,
    "rivals": RIVALS,
}  # by directory, in the order in which they are made


@dataclass(frozen=True)
class Stages:
    """The finished runs, in the order in which they were made."""

    data: Run
    teacher: Run
    student: Run
    pruned: Run
    int8: Run
    export: Run
    rivals: Run | None  # not measured where the extra is not installed


@contextmanager
def alone_in(out: Path, restart: str | None = None) -> Iterator[None]:
    """The directory of all stages, made if need be, with no other `edge run` in it while the block lasts.

    Errors: another is there, the disk refuses, or the report would overwrite what no run wrote.
    """
    with disk_errors(out, out, restart is not None):
        if not os.path.lexists(out):
            check_place(out)
        elif not out.is_dir():
            raise EdgeError(f"{out} cannot be written: it is not a directory", fix="choose another --out")
        _check_reports(out)
        out.mkdir(parents=True, exist_ok=True)
        with locked(out / LOCK, out):
            yield


def run_pipeline(
    data: str, out: Path, config: PipelineConfig, skip_bad_rows: bool = False, restart: str | None = None
) -> Stages:
    """Prepare, train, distil, prune, quantise, export and measure rivals under `out`; goes on where a call stopped.

    `restart` names a stage: it is started over with all that follow it, which are removed first.
    """
    over = _from(restart) if restart else []
    source = open_source(data)
    _check_memory(out, config, over)
    _check_finished(out, [name for name in STAGES if name not in over])
    _check_restart(out, over)
    # What follows the data is removed when the new data is there: until then, a bad row ends it without a loss.
    stage = partial(_stage, out, [name for name in over if name != "data"])
    with stage("data", "prepare"):
        prepared = prepare(source, out / "data", config.prepare, skip_bad_rows, "data" in over)
        print(warnings(prepared.summary), end="", file=sys.stderr)
    with stage("teacher", "teacher"):
        teacher = train_teacher(prepared, out / "teacher", config.teacher, "teacher" in over)
    with stage("student", "student"):
        student = train_student(prepared, teacher, out / "student", config.student, "student" in over)
    with stage("pruned", "prune"):
        pruned = prune_student(prepared, teacher, student, out / "pruned", config.prune, "pruned" in over)
    with stage("int8"):
        int8 = quantise_student(prepared, pruned, out / "int8", restart="int8" in over)
    with stage("export", "export"):
        exported = export_student(prepared, int8, out / "export", config.export, "export" in over)
    if not rivals_installed():
        print("== rivals: not measured, which needs pip install '.[rivals]'", file=sys.stderr, flush=True)
        return Stages(prepared, teacher, student, pruned, int8, exported, None)
    with stage("rivals"):
        rivals = measure_beside(prepared, source, out / "rivals", config.prepare, skip_bad_rows, "rivals" in over)
    return Stages(prepared, teacher, student, pruned, int8, exported, rivals)


@contextmanager
def _stage(out: Path, over: Sequence[str], name: str, group: str = "") -> Iterator[None]:
    """Says on stderr what begins, and how long it took. Errors name settings in their `group`.

    The first of the stages `over` removes them all, so that a run which is interrupted then has nothing old in its way.
    """
    print(f"== {name}", file=sys.stderr, flush=True)
    started = time.monotonic()
    if name in over[:1]:
        for following in reversed(over):
            start_over(out / following, STAGES[following])
    try:
        with settings_in(group) if group else nullcontext():
            yield
    except DifferentRunError as error:
        raise error.restarted_by(f"--restart {name}") from error
    print(f"== {name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)


def _from(name: str) -> list[str]:
    """The stage and all that follow it."""
    if name not in STAGES:
        raise EdgeError(f"there is no stage {name!r}", fix=known_names(name, STAGES))
    return list(STAGES)[list(STAGES).index(name) :]


def _check_memory(out: Path, config: PipelineConfig, over: Sequence[str]) -> None:
    """Errors: a model that is yet to be trained cannot fit the memory, however few tokens the vocabulary will have."""
    text = config.prepare.text
    teacher, student = (
        replace(model, vocabulary_size=len(SPECIAL_TOKENS), slots=text.slots, positions=text.max_segment_tokens)
        for model in (config.teacher.model, config.student.model)
    )
    for name, model, beside in (("teacher", teacher, None), ("student", student, teacher)):
        if name in over or not is_finished(out / name):
            with settings_in(name):
                check_memory(model, beside)


def _check_finished(out: Path, names: Sequence[str]) -> None:
    """Errors: what is there of a stage is damaged, or no run. Told before any stage is said to be as it should."""
    for name in names:
        try:
            if is_finished(out / name):
                Run.open(out / name, STAGES[name].name).check()
            else:
                check_free(out / name, STAGES[name])
        except DamagedRunError as error:
            raise error.restarted_by(f"--restart {name}") from error


def _check_restart(out: Path, over: Sequence[str]) -> None:
    """Errors: not all that is to be removed is ours, or another process writes it. Nothing is removed then."""
    for name in over:
        check_removable(out / name, STAGES[name])
        check_unlocked(lock_of(out / name), out / name)


def _check_reports(out: Path) -> None:
    """Errors: where no stage ever wrote, there is something by the name of the report."""
    if any(os.path.lexists(path) for name in STAGES for path in (out / name, partial_of(out / name))):
        return
    taken = [name for name in REPORTS if os.path.lexists(out / name)]
    if taken:
        problem = f"{out} holds {', '.join(taken)}, which no run wrote and the report would overwrite"
        raise EdgeError(problem, fix="choose another --out, or move it away")
