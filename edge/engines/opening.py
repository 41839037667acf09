"""What opening an engine over a model file may find wrong with it."""

from __future__ import annotations

from pathlib import Path

from edge.errors import EdgeError

RUNNABLE = ("litert", "onnx")  # of the light runtime, each with a model file of its own


def check_model(engine: str, models: Path) -> None:
    """Look through a model's file before its engine first loads it. Errors: it is none, and would crash the process."""
    if engine == "litert" and (model := models / engine / "model.tflite").is_file():
        from edge.engines.litert_model import check_file

        check_file(model)


def unreadable(path: Path, error: Exception) -> EdgeError:
    """The error for a model file that its engine refuses."""
    return EdgeError(f"{path} is not a model that this engine reads", evidence=str(error).splitlines()[0])
