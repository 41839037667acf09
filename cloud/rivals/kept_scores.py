"""The logits of rivals, one per test row, for a comparison row by row with a model."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save

from cloud.runs.directory import Run
from edge.errors import EdgeError, known_names

SCORES = "scores.safetensors"


def scores_file(logits: Mapping[str, NDArray[np.float32]]) -> bytes:
    """Safetensors: a rival's name -> (row,)."""
    return save(dict(logits))


def rivals_kept(run: Run) -> tuple[str, ...]:
    """The rivals whose scores a finished run keeps, by name."""
    with safe_open(run.file(SCORES), framework="np") as file:
        return tuple(sorted(file.keys()))


def rival_scores(run: Run, name: str) -> NDArray[np.float32]:
    """A rival's logits of the prepared run's test rows, in the order of Prepared.part. Errors: no such rival."""
    with safe_open(run.file(SCORES), framework="np") as file:
        if name not in (names := file.keys()):
            raise EdgeError(f"{run.path} keeps no scores of {name!r}", fix=known_names(name, names))
        found: NDArray[np.float32] = file.get_tensor(name)
    return found
