"""The scores that a ranking stage leaves beside its weights: one raw logit per row and exit, in the rows' order."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save

from cloud.runs.directory import Run
from cloud.stage import MODEL_FILES
from edge.config import setting
from edge.errors import EdgeError
from edge.files import write_atomically

SCORES = "scores.safetensors"
RELIABILITY = "reliability.svg"
RANKING_FILES = (*MODEL_FILES, SCORES, RELIABILITY)
Scores = NDArray[np.float32]  # (row,) in the order of Prepared.part
Exit = tuple[str, int, int]  # split, encode depth, interact depth


def keep_scores(directory: Path, scores: Mapping[Exit, Scores]) -> None:
    """Write `scores.safetensors`, whose tensors are named "split/encode depth/interact depth".

    Errors: a score is not finite.
    """
    named = {"/".join(map(str, place)): np.ascontiguousarray(row, np.float32) for place, row in scores.items()}
    for name, row in named.items():
        if bad := int((~np.isfinite(row)).sum()):
            fix = f"lower {setting('learning_rate')}"
            raise EdgeError(f"{bad:,} of {len(row):,} scores of {name} are not finite", fix=fix)
    write_atomically(directory / SCORES, save(named))


def kept_scores(run: Run, part: str, encode: int | None = None, interact: int | None = None) -> Scores:
    """Logits of the rows of a split at one exit; a depth that is not given is the deepest.

    Errors: the run kept no scores, or none of that split and exit.
    """
    if SCORES not in run.manifest["files"]:
        fix = "make the run again: a ranking stage keeps the scores of its rows"
        raise EdgeError(f"{run.path} ({run.stage}) has no scores", evidence=f"it has no {SCORES}", fix=fix)
    with safe_open(run.file(SCORES), framework="np") as file:
        names = {_exit(name): name for name in file.keys()}  # noqa: SIM118, no mapping
        fitting = [one for one in names if one[0] == part and encode in (None, one[1]) and interact in (None, one[2])]
        if not fitting:
            wanted = "/".join("*" if depth is None else str(depth) for depth in (part, encode, interact))
            fix = f"name one of {', '.join(sorted(names.values()))}"
            raise EdgeError(f"{run.path} ({run.stage}) has no scores of {wanted}", fix=fix)
        found: Scores = file.get_tensor(names[max(fitting)])
    return found


def _exit(name: str) -> Exit:
    part, encode, interact = name.split("/")
    return part, int(encode), int(interact)
