"""Stages "int8" and "int4": the pruned student with integer weights, and what that cost."""

from __future__ import annotations

from pathlib import Path

from cloud.checkpoint import load_encoder
from cloud.runs.directory import Run, Stage
from cloud.runs.target import Target
from cloud.stage import MODEL_FILES, Measured, check_same_data, complete
from compress.integers import quantise
from edge.config import to_dict

BITS = {"int8": 8, "int4": 4}  # of a weight
STAGES = {name: Stage(name, 1, MODEL_FILES) for name in BITS}


def quantise_student(prepared: Run, source: Run, out: Path, stage: str = "int8", restart: bool = False) -> Run:
    """Quantise a student, pruned or not, and measure it with integer weights and int8 activations."""
    measured = Measured()
    check_same_data(prepared, source)
    facts = {
        "model": source.config["model"],
        "bits": BITS[stage],
        "weights": f"{stage} per row",
        "activations": "int8 per token, dynamic",
    }
    facts |= {"measured": to_dict(measured)}
    target = Target(out, STAGES[stage], [prepared, source], {}, facts, restart)
    if not target.finished():
        with target.writing() as workspace:
            complete(workspace, quantise(load_encoder(source), BITS[stage]), prepared, measured, f"{stage} student")
    return Run.open(out, stage)
