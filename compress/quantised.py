"""Stages "int8" and "int4": the pruned student with integer weights, and what that cost."""

from __future__ import annotations

from pathlib import Path

from cloud.checkpoint import load_encoder
from cloud.runs import Run, finished, writing
from cloud.stage import Measured, check_same_data, complete
from compress.integers import quantise
from edge.config import to_dict

STAGES = {"int8": 8, "int4": 4}  # bits of a weight


def quantise_student(prepared: Run, source: Run, out: Path, stage: str = "int8") -> Run:
    """Quantise a student, pruned or not, and measure it with integer weights and int8 activations."""
    parents, measured = [prepared, source], Measured()
    check_same_data(prepared, source)
    settings = {
        "model": source.config["model"],
        "bits": STAGES[stage],
        "weights": f"{stage} per row",
        "activations": "int8 per token, dynamic",
    }
    settings |= {"measured": to_dict(measured)}
    if not finished(out, stage, parents, settings):
        with writing(out, stage, parents, settings) as workspace:
            complete(workspace, quantise(load_encoder(source), STAGES[stage]), prepared, measured, f"{stage} student")
    return Run.open(out, stage)
