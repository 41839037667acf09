"""Runs of invented stages, made in a blink."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cloud.runs.directory import Run, Stage
from cloud.runs.target import Target
from edge.files import write_atomically

CONFIG: dict[str, Any] = {"steps": 3, "click": {"rate": 0.5, "seed": 0}}
FILES = ("weights", "metrics.jsonl", "models/", "*.edge")


class Killed(BaseException):
    """What a test interrupts a stage with."""


def target(
    out: Path, stage: str = "teacher", parents: tuple[Run, ...] = (), config: Mapping[str, Any] = CONFIG,
    schema: int = 1, restart: bool = False,
) -> Target:  # fmt: skip
    return Target(out, Stage(stage, schema, FILES), parents, config, restart=restart)


def make(out: Path, stage: str = "teacher", parents: tuple[Run, ...] = (), **content: str) -> Run:
    with target(out, stage, parents).writing() as workspace:
        for name, text in ({"weights": "w"} | content).items():
            write_atomically(workspace.path / name, text)
        workspace.summary["auc"] = 0.75
    return Run.open(out)


def interrupt(wanted: Target) -> Path:
    """Begin it, keep a checkpoint, be killed; returns the unfinished run's directory."""
    try:
        with wanted.writing() as workspace:
            (workspace.scratch / "checkpoint").write_text("half")
            raise Killed
    except Killed:
        return wanted.partial


def files_in(directory: Path) -> set[str]:
    return {path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()}
