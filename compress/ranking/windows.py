"""How far back the model of a finished ranking run looks: what is made of it is measured on the same windows."""

from __future__ import annotations

from cloud.data.rows import Prepared
from cloud.ranking.measure import shape_of
from cloud.ranking.timelines import Timelines
from cloud.runs.directory import Run


def windows_of(run: Run) -> dict[str, int]:
    """Its `history` and `targets`, as settings of a run."""
    return {name: int(run.config[name]) for name in ("history", "targets")}


def timelines_of(run: Run, rows: Prepared) -> Timelines:
    """The prepared rows in the windows that the run's model was made for."""
    return Timelines(rows, **windows_of(run), most_tokens=shape_of(run).positions)
