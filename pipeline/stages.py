"""All stages of a road in one call, each into a directory of its own; finished stages are skipped."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from cloud.runs.differences import DifferentRunError
from cloud.runs.directory import DamagedRunError, Run, is_finished, lock_of, partial_of
from cloud.runs.disk import check_place, disk_errors
from cloud.runs.lock import check_unlocked, locked
from cloud.runs.removal import check_removable, start_over
from cloud.runs.target import check_free
from edge.config import settings_in
from edge.errors import EdgeError, known_names
from pipeline.road import REPORTS, Road, Runs, Step

LOCK = "run.lock"  # in the directory of all stages while `edge run` is at work there


@contextmanager
def alone_in(out: Path, road: Road, restart: str | None = None) -> Iterator[None]:
    """The directory of all stages, made if need be, with no other `edge run` in it while the block lasts.

    Errors: another is there, the disk refuses, or the report would overwrite what no run wrote.
    """
    with disk_errors(out, out, restart is not None):
        if not os.path.lexists(out):
            check_place(out)
        elif not out.is_dir():
            raise EdgeError(f"{out} cannot be written: it is not a directory", fix="choose another --out")
        _check_reports(out, road.names)
        out.mkdir(parents=True, exist_ok=True)
        with locked(out / LOCK, out):
            yield


def run_road(road: Road, out: Path, restart: str | None = None) -> Runs:
    """Make every step under `out`, except those that are left out; continues where an interrupted call stopped.

    `restart` names a step: it is started over with all that follow it, which are removed first.
    """
    over = _from(restart, road) if restart else ()
    _check_steps(road, out, over)
    _check_finished(out, [step for step in road.steps if step not in over])
    _check_restart(out, over)
    # Later steps are removed only once the new data is there, so that a bad row loses nothing.
    removed = [step for step in over if step != road.steps[0]]
    runs: dict[str, Run] = {}
    for step in road.steps:
        if step.left_out:
            print(f"== {step.name}: {step.left_out}", file=sys.stderr, flush=True)
            continue
        with _announced(out, removed, step):
            runs[step.name] = step.make(runs, out / step.name, step in over)
    return runs


@contextmanager
def _announced(out: Path, over: Sequence[Step], step: Step) -> Iterator[None]:
    """Says on stderr what begins, and how long it took. Errors name settings in the group of the step.

    The first of the steps `over` removes them all, so that a run that is interrupted then finds no old steps.
    """
    print(f"== {step.name}", file=sys.stderr, flush=True)
    started = time.monotonic()
    if step in over[:1]:
        for following in reversed(over):
            start_over(out / following.name, following.stage)
    try:
        with settings_in(step.settings) if step.settings else nullcontext():
            yield
    except DifferentRunError as error:
        raise error.restarted_by(f"--restart {step.name}") from error
    print(f"== {step.name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)


def _from(name: str, road: Road) -> tuple[Step, ...]:
    """The step and all that follow it."""
    if name not in road.names:
        raise EdgeError(f"there is no stage {name!r}", fix=known_names(name, road.names))
    return road.steps[road.names.index(name) :]


def _check_steps(road: Road, out: Path, over: Sequence[Step]) -> None:
    """Errors: a step that is not finished cannot be made here, e.g. its model does not fit into memory."""
    for step in road.steps:
        if step.check and (step in over or not is_finished(out / step.name)):
            with settings_in(step.settings):
                step.check()


def _check_finished(out: Path, steps: Sequence[Step]) -> None:
    """Errors: a finished step is damaged, of another road, or no run. All are checked before any is reported."""
    for step in steps:
        path = out / step.name
        try:
            if is_finished(path):
                run = Run.open(path)
                if run.stage != step.stage.name:
                    problem = f"{path} is a {run.stage!r} run, edge run makes a {step.stage.name!r} run there"
                    raise EdgeError(problem, fix="choose another --out")
                run.check()
            else:
                check_free(path, step.stage)
        except DamagedRunError as error:
            raise error.restarted_by(f"--restart {step.name}") from error


def _check_restart(out: Path, over: Sequence[Step]) -> None:
    """Errors: a file was not written by the stage, or another process is writing the run. Nothing is removed then."""
    for step in over:
        check_removable(out / step.name, step.stage)
        check_unlocked(lock_of(out / step.name), out / step.name)


def _check_reports(out: Path, names: Sequence[str]) -> None:
    """Errors: where no step ever wrote, there is something by the name of the report."""
    if any(os.path.lexists(path) for name in names for path in (out / name, partial_of(out / name))):
        return
    taken = [name for name in REPORTS if os.path.lexists(out / name)]
    if taken:
        problem = f"{out} holds {', '.join(taken)}, which no run wrote and the report would overwrite"
        raise EdgeError(problem, fix="choose another --out, or move it away")
