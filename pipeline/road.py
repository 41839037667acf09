"""A road: the stages of `edge run` in turn, and how each is made from the runs before it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloud.data.prepare import STAGE as PREPARED
from cloud.data.prepare import PrepareConfig, prepare
from cloud.data.report import warnings
from cloud.data.schema import Source
from cloud.rivals.stage import STAGE as RIVALS
from cloud.rivals.stage import is_installed as rivals_installed
from cloud.rivals.stage import measure_beside
from cloud.runs.directory import Run, Stage

Runs = Mapping[str, Run]  # finished ones, by the name of their step
Make = Callable[[Runs, Path, bool], Run]  # from the runs before, at that directory, starting over or not
REPORTS = ("report.html", "report.md", "plots")


@dataclass(frozen=True)
class Step:
    """`name` is that of its directory, and what --restart takes."""

    name: str
    stage: Stage
    make: Make
    settings: str = ""  # the group that errors name them in
    check: Callable[[], None] | None = None  # errors: it cannot be made here; called before anything is made
    left_out: str = ""  # why, if it is


@dataclass(frozen=True)
class Outcome:
    """What the command prints when a road is done: `values` with --json, else `text`."""

    values: dict[str, Any]
    text: str


@dataclass(frozen=True)
class Road:
    """`report` writes the files of REPORTS below a directory."""

    steps: tuple[Step, ...]
    report: Callable[[Runs, Path], Outcome]

    @property
    def names(self) -> list[str]:
        """Of the steps, in the order in which they are made."""
        return [step.name for step in self.steps]


def data_step(source: Source, config: PrepareConfig, skip_bad_rows: bool) -> Step:
    """The first of every road."""

    def make(runs: Runs, out: Path, restart: bool) -> Run:
        prepared = prepare(source, out, config, skip_bad_rows, restart)
        print(warnings(prepared.summary), end="", file=sys.stderr)
        return prepared

    return Step("data", PREPARED, make, "prepare")


def rivals_step(source: Source, config: PrepareConfig, skip_bad_rows: bool) -> Step:
    """The last: what any team could do with the same rows."""

    def make(runs: Runs, out: Path, restart: bool) -> Run:
        return measure_beside(runs["data"], source, out, config, skip_bad_rows, restart)

    missing = "" if rivals_installed() else "not measured, which needs pip install '.[rivals]'"
    return Step("rivals", RIVALS, make, left_out=missing)
