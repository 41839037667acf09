"""How a finished ranking run reads the prepared rows: what is made of its model is measured on the same windows."""

from __future__ import annotations

from cloud.data.rows import Prepared
from cloud.ranking.measure import shape_of
from cloud.ranking.timelines import Timelines
from cloud.ranking.train import timelines_for
from cloud.runs.directory import Run
from edge.errors import EdgeError


def windows_of(run: Run) -> dict[str, int]:
    """Its `history` and `targets`, as settings of a run."""
    return {name: int(run.config[name]) for name in ("history", "targets")}


def timelines_of(run: Run, rows: Prepared, collaborative: bool = False) -> Timelines:
    """The prepared rows in the windows that the run's model was made for; `collaborative`: with CF as a number."""
    windows = windows_of(run)
    return timelines_for(rows, shape_of(run), windows["history"], windows["targets"], collaborative)


def check_for_phones(run: Run) -> None:
    """Errors: the model reads a number that only the cloud can know, so nothing for a phone can be made of it."""
    if run.config.get("collaborative"):
        raise EdgeError(
            f"{run.path} ({run.stage}) cannot be compressed: no phone can compute all that it reads",
            evidence="it was trained with collaborative=true, so it reads item-item CF as a number",
            fix="distil a student from it (edge distill), or train it with --set collaborative=false",
        )
