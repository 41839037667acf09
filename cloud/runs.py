"""Run directories: how stages hand results to each other. Written aside, checked, renamed when complete."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from edge.errors import EdgeError
from edge.files import TEMPORARY, sha256_file, write_atomically, write_json

SCHEMA = "edge-ranker/run/1"
SCRATCH = "scratch"  # checkpoints and caches of an unfinished stage; gone when it completes
IDENTITY = "identity.json"  # of an unfinished stage
_KEYS = ("stage", "parents", "config", "code", "dataset", "protocol", "summary", "files")


def sha256_json(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True)
class Run:
    """A finished stage: its directory and manifest."""

    path: Path
    manifest: Mapping[str, Any]

    @classmethod
    def open(cls, path: Path, stage: str | None = None) -> Run:
        """Errors: not a finished run, an unknown schema, another stage than `stage`."""
        manifest_path = path / "manifest.json"
        if not manifest_path.is_file():
            partial = _partial(path).is_dir()
            raise EdgeError(
                f"{path} is not a finished run",
                evidence="it was interrupted" if partial else "it has no manifest.json",
                fix="run the stage that writes it again" if partial else "",
            )
        try:
            manifest = json.loads(manifest_path.read_text())
        except ValueError as error:
            raise EdgeError(f"{manifest_path} is not JSON", evidence=str(error)) from error
        if not isinstance(manifest, dict):
            raise EdgeError(f"{manifest_path} is not the manifest of a run")
        if manifest.get("schema") != SCHEMA:
            raise EdgeError(f"{manifest_path} has schema {manifest.get('schema')!r}, this version reads {SCHEMA!r}")
        if missing := [key for key in _KEYS if key not in manifest]:
            raise EdgeError(f"{manifest_path} is not the manifest of a run", evidence=f"missing: {', '.join(missing)}")
        if stage and manifest["stage"] != stage:
            raise EdgeError(f"{path} is a {manifest['stage']!r} run, a {stage!r} run is needed")
        return cls(path, manifest)

    @property
    def stage(self) -> str:
        return str(self.manifest["stage"])

    @property
    def hash(self) -> str:
        """Names the run's content: config, parents and the hash of every file."""
        keys = ("stage", "parents", "config", "files")
        return sha256_json({key: self.manifest[key] for key in keys})

    @property
    def config(self) -> dict[str, Any]:
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
            raise EdgeError(f"{self.path} lists no file {name!r}")
        if not path.is_file() or sha256_file(path) != expected:
            raise EdgeError(f"{path} is missing or was altered since the run was written")
        return path


@dataclass
class Workspace:
    """An unfinished stage. Files go into `path`; what helps to resume goes into `scratch`."""

    path: Path
    summary: dict[str, Any] = field(default_factory=dict)
    dataset: dict[str, Any] = field(default_factory=dict)  # fingerprint and counts
    protocol: str = ""  # how the figures were measured

    @property
    def scratch(self) -> Path:
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
            for line in path.read_text().splitlines()
        ]
        write_atomically(self.path / "metrics.jsonl", "".join(line + "\n" for line in lines))


def _partial(out: Path) -> Path:
    return out.with_name(out.name + ".partial")


def _identity(stage: str, parents: Sequence[Run], config: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "stage": stage,
        "parents": [{"stage": parent.stage, "hash": parent.hash} for parent in parents],
        "config": dict(config),
        "code": version("edge-ranker"),
    }


def finished(out: Path, stage: str, parents: Sequence[Run], config: Mapping[str, Any]) -> bool:
    """True if `out` is that stage, complete, with these parents and settings; an error if it is another."""
    if not (out / "manifest.json").is_file():
        return False
    _sweep(out)
    manifest = Run.open(out, stage).manifest
    identity = _identity(stage, parents, config)
    changed = [key for key, value in identity.items() if manifest[key] != value]
    if changed:
        raise EdgeError(
            f"{out} was made with other settings ({', '.join(changed)} differ)",
            fix=f"choose another --out, or delete {out} to make it anew",
        )
    return True


@contextmanager
def writing(out: Path, stage: str, parents: Sequence[Run], config: Mapping[str, Any]) -> Iterator[Workspace]:
    """Write the run `out`: it appears, complete, when the block ends without an error.

    An interrupted stage leaves `out`.partial, which the same stage with the same settings goes on from.
    """
    if out.exists():
        raise EdgeError(f"{out} exists already", fix="choose another --out, or delete it")
    identity = _identity(stage, parents, config)
    partial = _partial(out)
    marker = partial / IDENTITY
    if partial.exists() and (not marker.is_file() or json.loads(marker.read_text()) != identity):
        shutil.rmtree(partial)  # another stage or other settings: nothing in it can be used
    partial.mkdir(parents=True, exist_ok=True)
    for torn in partial.rglob(f"*{TEMPORARY}"):
        torn.unlink()
    write_json(marker, identity)
    workspace = Workspace(partial)
    yield workspace
    write_json(partial / "config.json", dict(config))
    manifest = identity | {
        "dataset": workspace.dataset,
        "protocol": workspace.protocol,
        "summary": _without_nan(workspace.summary),
        "files": {str(path.relative_to(partial)): sha256_file(path) for path in _results(partial)},
    }
    write_json(partial / "manifest.json", manifest)
    partial.rename(out)
    _sweep(out)


def _results(partial: Path) -> list[Path]:
    """What the stage made; not what it needs to resume, which has to stay until the run is complete."""
    aside = (partial / SCRATCH, partial / IDENTITY, partial / "manifest.json")
    paths = sorted(path for path in partial.rglob("*") if path.is_file())
    return [path for path in paths if not any(path.is_relative_to(other) for other in aside)]


def _sweep(out: Path) -> None:
    """Remove what a finished stage no longer needs; it may have been killed just before."""
    shutil.rmtree(out / SCRATCH, ignore_errors=True)
    (out / IDENTITY).unlink(missing_ok=True)


def _without_nan(value: Any) -> Any:
    """`value` with null for figures that are not defined, e.g. the AUC of labels that are all the same."""
    if isinstance(value, Mapping):
        return {key: _without_nan(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def parent(runs: Sequence[Run], *stages: str) -> Run:
    """The one run of a stage among `--parent` runs; an error that says what to pass if there is none."""
    found = [run for run in runs if run.stage in stages]
    if len(found) != 1:
        wanted = " or ".join(repr(stage) for stage in stages)
        raise EdgeError(
            f"need exactly one --parent that is a {wanted} run, got {len(found)}",
            evidence=f"given: {', '.join(f'{run.path} ({run.stage})' for run in runs) or 'none'}",
        )
    return found[0]
