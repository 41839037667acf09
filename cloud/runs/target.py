"""A run to be made: refused where it would destroy another, written aside by one process, renamed when complete."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cloud.runs.differences import check_same
from cloud.runs.directory import (
    DIGEST,
    MANIFEST,
    SCHEMA,
    Run,
    Stage,
    digest_of,
    is_finished,
    lock_of,
    partial_of,
    read_record,
)
from cloud.runs.disk import check_place, disk_errors
from cloud.runs.lock import check_unlocked, locked
from cloud.runs.removal import (
    IDENTITY,
    IDENTITY_TYPES,
    SCRATCH,
    check_removable,
    contents,
    empty,
    is_empty,
    others_files,
    remove,
)
from edge.errors import EdgeError
from edge.files import TEMPORARY, read_lines, sha256_file, strict_json, write_atomically, write_json


@dataclass
class Workspace:
    """An unfinished stage. Files go into `path`; what helps to resume goes into `scratch`."""

    path: Path
    summary: dict[str, Any] = field(default_factory=dict)
    dataset: dict[str, Any] = field(default_factory=dict)  # fingerprint and counts
    protocol: str = ""  # how the figures were measured

    @property
    def scratch(self) -> Path:
        """A directory for temporary files, which is not part of the run."""
        directory = self.path / SCRATCH
        directory.mkdir(exist_ok=True)
        return directory

    def keep_metrics(self, *phases: str) -> None:
        """Gather the training curves of `scratch`/PHASE into the run's metrics.jsonl, one phase after another.

        A phase of no steps has none.
        """
        curves = [(phase, self.scratch / phase / "metrics.jsonl") for phase in phases]
        lines = [
            json.dumps({"phase": phase} | json.loads(line))
            for phase, path in curves
            if path.is_file()
            for line in read_lines(path)
        ]
        write_atomically(self.path / "metrics.jsonl", "".join(line + "\n" for line in lines))


@dataclass(frozen=True)
class Target:
    """A run to be made: where, by which stage, from what.

    `settings` are what the user may set, `facts` what else the result depends on; both become the run's config.
    With `restart`, what the same stage made or began there before is removed first.
    """

    out: Path
    stage: Stage
    parents: Sequence[Run]
    settings: Mapping[str, Any]
    facts: Mapping[str, Any] = field(default_factory=dict)
    restart: bool = False

    @property
    def partial(self) -> Path:
        """Where the run is written before it is complete."""
        return partial_of(self.out)

    @property
    def config(self) -> dict[str, Any]:
        """As plain JSON values."""
        return dict(json.loads(json.dumps({**self.settings, **self.facts})))

    def finished(self) -> bool:
        """True if the run is there, complete, made from the same; False if it is to be written.

        Errors, before any work is done: another run or something else is there, it or a parent is damaged, an
        unfinished one was begun otherwise, another process is writing it, nothing can be written there.
        """
        with disk_errors(self.out, self.partial):
            if self.restart or not is_finished(self.out):
                check_unlocked(lock_of(self.out), self.out)
            if self._is_made():
                _sweep(self.out)
                return True
            for parent in self.parents:
                parent.check()
            return False

    @contextmanager
    def writing(self) -> Iterator[Workspace]:
        """Write the run: it appears, complete, when the block ends without an error.

        An interrupted stage leaves OUT.partial, from which the same stage continues if the settings are the same.
        """
        with disk_errors(self.out, self.partial, self.restart):
            self.out.parent.mkdir(parents=True, exist_ok=True)
            with locked(lock_of(self.out), self.out):
                if self._is_made():
                    fix = "run the same command again: it continues from there"
                    raise EdgeError(f"another process has finished {self.out} in the meantime", fix=fix)
                if self.restart:
                    remove(self.out, self.stage)
                self._begin()
                workspace = Workspace(self.partial)
                try:
                    yield workspace
                except EdgeError:
                    self._forget()
                    raise
                self._complete(workspace)

    def _forget(self) -> None:
        """Remove what a refused attempt leaves if nothing in it helps to resume: it would refuse other settings."""
        scratch = self.partial / SCRATCH
        kept = scratch.is_dir() and any(path.is_file() for path in scratch.rglob("*"))
        if not kept and not list(others_files(self.partial, self.stage)):
            empty(self.partial)

    def _is_made(self) -> bool:
        if self.restart:
            check_removable(self.out, self.stage)
            return False
        if is_finished(self.out):
            run = Run.open(self.out)
            self._check_same(run.manifest, f"{self.out} was made")
            run.check()
            return True
        check_free(self.out, self.stage)
        self._check_partial()
        return False

    def _check_partial(self) -> None:
        """Errors: an unfinished run is there that was begun otherwise, or something else."""
        if not os.path.lexists(self.partial) or is_empty(self.partial):
            return
        if not (self.partial / IDENTITY).is_file():
            evidence = f"it has no {IDENTITY}; {contents(self.partial)}"
            fix = "look at it, and remove it yourself or choose another --out"
            raise EdgeError(f"{self.partial} is in the way, and is not an unfinished run", evidence=evidence, fix=fix)
        self._check_same(read_record(self.partial / IDENTITY, IDENTITY_TYPES), f"{self.partial} was begun")

    def _check_same(self, found: Mapping[str, Any], what: str) -> None:
        """Errors: what is there was made otherwise, and how; a settings' name is what the user types."""
        if found["stage"] != self.stage.name:
            problem = f"{what} by the stage {found['stage']!r}, this is {self.stage.name!r}"
            raise EdgeError(problem, fix="choose another --out")
        check_same(found, self._identity(), self.facts, what)

    def _identity(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "stage": self.stage.name,
            "stage_schema": self.stage.schema,
            "parents": [{"stage": parent.stage, "hash": parent.hash} for parent in self.parents],
            "config": self.config,
            "code": version("edge-ranker"),  # for information: whether a run can be used, `stage_schema` decides
        }

    def _begin(self) -> None:
        self.partial.mkdir(exist_ok=True)
        foreign = {self.partial / name for name in others_files(self.partial, self.stage)}
        for torn in self.partial.rglob(f"*{TEMPORARY}"):
            if torn.is_file() and torn not in foreign:
                torn.unlink()
        write_json(self.partial / IDENTITY, self._identity())

    def _complete(self, workspace: Workspace) -> None:
        write_json(self.partial / "config.json", self.config)
        manifest = self._identity() | {
            "dataset": workspace.dataset,
            "protocol": workspace.protocol,
            "summary": strict_json(workspace.summary),
            "files": {name: sha256_file(self.partial / name) for name in self._results()},
        }
        manifest = json.loads(json.dumps(manifest))  # as it will be read back
        write_json(self.partial / MANIFEST, manifest | {DIGEST: digest_of(manifest)})
        try:
            self.partial.rename(self.out)
        except OSError as error:
            problem = f"{self.partial} is complete and cannot be renamed to {self.out}: {error.strerror}"
            again = "see to it and run the same command again: it has little left to do"
            fix = f"mv {self.partial} {self.out}" if error.errno == errno.EXDEV else again
            raise EdgeError(problem, fix=fix) from error
        _sweep(self.out)

    def _results(self) -> list[str]:
        """What the stage made; not what it needs to resume, which has to stay until the run is complete."""
        paths = sorted(path for path in self.partial.rglob("*") if path.is_file())
        return [
            name for name in (path.relative_to(self.partial).as_posix() for path in paths) if self.stage.writes(name)
        ]


def check_free(out: Path, stage: Stage) -> None:
    """Errors: what is at `out` cannot be replaced by a run. An empty directory can."""
    if not os.path.lexists(out):
        check_place(out)
    elif not is_empty(out):
        evidence = contents(out)
        raise EdgeError(
            f"{out} exists and is not a run", evidence=evidence, fix="choose another --out, or move it elsewhere"
        )
    elif out.is_mount():
        fix = f"choose a directory in it: --out {out / stage.name}"
        raise EdgeError(f"{out} is the mount point of a file system, so no run can replace it", fix=fix)


def _sweep(out: Path) -> None:
    """Remove what a finished stage no longer needs; it may have been killed just before."""
    shutil.rmtree(out / SCRATCH, ignore_errors=True)
    with suppress(OSError):
        (out / IDENTITY).unlink(missing_ok=True)
        (out / f"{IDENTITY}{TEMPORARY}").unlink(missing_ok=True)
