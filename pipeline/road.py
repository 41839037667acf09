"""A road: the stages of `edge run` in turn, and how each is made from the runs before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    """`report` writes the files of REPORTS below a directory; the last argument is the command that made them."""

    steps: tuple[Step, ...]
    report: Callable[[Runs, Path, str], Outcome]

    @property
    def names(self) -> list[str]:
        """Of the steps, in the order in which they are made."""
        return [step.name for step in self.steps]
