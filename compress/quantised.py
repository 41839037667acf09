"""Stage "int8": the pruned student with int8 weights, and what that cost."""

from __future__ import annotations

from pathlib import Path

from cloud.checkpoint import load_encoder
from cloud.stage import check_same_data, complete
from compress.int8 import quantise
from edge.runs import Run, finished, writing


def quantise_student(prepared: Run, source: Run, out: Path, splits: tuple[str, ...] = ("test",)) -> Run:
    """Quantise a student, pruned or not, and measure it with int8 weights and activations."""
    parents = [prepared, source]
    check_same_data(prepared, source)
    settings = {
        "model": source.config["model"],
        "weights": "int8 per row",
        "activations": "int8 per token, dynamic",
    }
    settings |= {"splits": list(splits)}
    if not finished(out, "int8", parents, settings):
        with writing(out, "int8", parents, settings) as workspace:
            complete(workspace, quantise(load_encoder(source)), prepared, splits, "int8 student")
    return Run.open(out, "int8")
