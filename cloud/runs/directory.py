"""Run directories: how stages hand results to each other. A finished one is read here, target.py makes them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from edge.errors import EdgeError
from edge.files import parse_strictly, sha256_file

SCHEMA = "edge-ranker/run/1"
MANIFEST = "manifest.json"
_TYPES = {
    "stage": str, "parents": list, "config": dict, "code": str, "dataset": dict, "protocol": str, "summary": dict,
    "files": dict,
}  # fmt: skip
_OF_PARENT = {"stage": str, "hash": str}
DIGEST = "digest"  # of all else that a manifest says; older ones have none


class DamagedRunError(EdgeError):
    """A finished run is not what its stage left there."""

    def __init__(self, problem: str, evidence: str, run: Path, restart: str = "--restart") -> None:
        self.run = run
        super().__init__(problem, evidence=evidence, fix=f"restore it from a copy, or make {run} again with {restart}")

    def restarted_by(self, option: str) -> DamagedRunError:
        """The same error of a command that starts over by another option."""
        return DamagedRunError(self.problem, self.evidence, self.run, option)


def sha256_json(value: Any) -> str:
    """64 hex digits of a JSON value, independent of the order of keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True)
class Stage:
    """A kind of run.

    `schema` is raised when what the stage computes changes: what an older one made is then not taken for its own.
    `files` are patterns of what it writes, or folders, which end with "/"; any other file there is not the stage's.
    """

    name: str
    schema: int
    files: tuple[str, ...]

    def writes(self, name: str) -> bool:
        """True of a file's path in the run's directory."""
        folders = tuple(pattern for pattern in self.files if pattern.endswith("/"))
        patterns = ("config.json", *self.files) if "/" not in name else ()
        return name.startswith(folders) or any(fnmatchcase(name, pattern) for pattern in patterns)


@dataclass(frozen=True)
class Run:
    """A finished stage: its directory and manifest."""

    path: Path
    manifest: Mapping[str, Any]

    @classmethod
    def open(cls, path: Path, stage: str | None = None) -> Run:
        """Errors: not a finished run, a damaged manifest or of an unknown schema, another stage than `stage`."""
        if not is_finished(path):
            partial = os.access(partial_of(path), os.F_OK)
            raise EdgeError(
                f"{path} is not a finished run",
                evidence="it was interrupted" if partial else f"it has no {MANIFEST}",
                fix="run the stage that writes it again" if partial else "name a directory that a stage has written",
            )
        manifest = read_record(path / MANIFEST, _TYPES)
        if manifest.get(DIGEST, digest_of(manifest)) != digest_of(manifest):
            evidence = f"its {DIGEST} is not that of what it says"
            raise DamagedRunError(f"{path / MANIFEST} was altered since the run was written", evidence, path)
        if stage and manifest["stage"] != stage:
            fix = f"name the {stage!r} run"
            raise EdgeError(f"{path} is a {manifest['stage']!r} run, a {stage!r} run is needed", fix=fix)
        return cls(path, manifest)

    @property
    def stage(self) -> str:
        """The name of the stage that wrote the run."""
        return str(self.manifest["stage"])

    @property
    def stage_schema(self) -> int:
        """1 where an old manifest does not say it: the stages' schemas began with 1."""
        return int(self.manifest.get("stage_schema", 1))

    @property
    def hash(self) -> str:
        """Names the run's content: config, parents and the hash of every file."""
        keys = ("stage", "parents", "config", "files")
        return sha256_json({key: self.manifest[key] for key in keys})

    @property
    def config(self) -> dict[str, Any]:
        """The settings of the run, as JSON values."""
        return dict(self.manifest["config"])

    @property
    def summary(self) -> dict[str, Any]:
        """The stage's figures, e.g. metrics per exit."""
        return dict(self.manifest["summary"])

    def file(self, name: str) -> Path:
        """The path of one of the run's files, after checking its hash."""
        path = self.path / name
        expected = self.manifest["files"].get(name)
        if expected is None:
            raise EdgeError(
                f"{self.path} lists no file {name!r}", fix=f"name one of {', '.join(self.manifest['files'])}"
            )
        if not path.is_file():
            raise DamagedRunError(f"{path} is missing", "the run had it when it was written", self.path)
        if (found := sha256_file(path)) != expected:
            evidence = f"it has {path.stat().st_size:,} bytes and the SHA-256 {found[:12]}, not {expected[:12]}"
            raise DamagedRunError(f"{path} was altered since the run was written", evidence, self.path)
        return path

    def check(self) -> None:
        """Errors: a file is missing or was altered, whether anything will read it or not."""
        for name in self.manifest["files"]:
            self.file(name)


def digest_of(manifest: Mapping[str, Any]) -> str:
    """The digest of a manifest without its own digest."""
    return sha256_json({key: value for key, value in manifest.items() if key != DIGEST})


def is_finished(path: Path) -> bool:
    """True if the directory has a manifest, which is written last."""
    return os.access(path / MANIFEST, os.F_OK)  # unlike Path.exists, no error where nothing can be seen


def beside(path: Path, suffix: str) -> Path:
    """What stands beside a directory, under its name with a suffix; "." and ".." are called what they are."""
    named = path if path.name not in ("", "..") else path.resolve()
    return named.parent / (named.name + suffix)


def partial_of(out: Path) -> Path:
    """Where an unfinished `out` is written."""
    return beside(out, ".partial")


def lock_of(out: Path) -> Path:
    """What a process that writes `out` holds meanwhile."""
    return beside(out, ".partial.lock")


def read_record(path: Path, types: Mapping[str, type]) -> dict[str, Any]:
    """What a run says of itself. Errors: it cannot be read, is not JSON, has another schema, lacks one of `types`."""
    fix = f"restore {path.parent} from a copy, or delete it and run its stage again"
    try:
        record = parse_strictly(path.read_bytes())
    except OSError as error:
        raise EdgeError(f"{path} cannot be read: {error.strerror}", fix="allow reading it") from error
    except (ValueError, RecursionError) as error:
        raise EdgeError(f"{path} is damaged: it is not JSON", evidence=str(error), fix=fix) from error
    if not isinstance(record, dict) or "schema" not in record:
        raise EdgeError(
            f"{path} does not describe a run of edge-ranker", fix="name a directory that a stage has written"
        )
    if record["schema"] != SCHEMA:
        raise EdgeError(f"{path} has schema {record['schema']!r}, this version reads {SCHEMA!r}", fix=fix)
    wrong = [name for name, kind in types.items() if not isinstance(record.get(name), kind)]
    wrong += [] if "parents" in wrong or all(map(_is_parent, record["parents"])) else ["parents"]
    wrong += [] if isinstance(record.get("stage_schema", 1), int) else ["stage_schema"]
    if wrong:
        evidence = f"missing or of another type: {', '.join(wrong)}"
        raise EdgeError(f"{path} is damaged", evidence=evidence, fix=fix)
    return record


def _is_parent(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(name), kind) for name, kind in _OF_PARENT.items())


def parent(runs: Sequence[Run], *stages: Stage) -> Run:
    """The one run of a stage among `--parent` runs. Errors: there is none or more, or an older stage made it."""
    found = [(run, stage) for run in runs for stage in stages if run.stage == stage.name]
    if len(found) != 1:
        wanted = " or ".join(repr(stage.name) for stage in stages)
        raise EdgeError(
            f"need exactly one --parent that is a {wanted} run, got {len(found)}",
            evidence=f"given: {', '.join(f'{run.path} ({run.stage})' for run in runs) or 'none'}",
            fix="pass each parent exactly once",
        )
    ((run, stage),) = found
    if run.stage_schema != stage.schema:
        raise EdgeError(
            f"{run.path} was made by another version of the stage {stage.name!r}",
            evidence=f"it has schema {run.stage_schema} (edge-ranker {run.manifest['code']}), "
            f"this version has {stage.schema}",
            fix="run that stage again, with another --out or with --restart",
        )
    return run
