"""The engines that run a bundle's model files, by name. Each is imported when it is opened."""

from __future__ import annotations

from pathlib import Path

from edge.engine import Engine, Shape
from edge.errors import EdgeError

RUNNABLE = ("litert", "onnx")  # here; Core ML runs on Apple's systems alone


def open_engine(backend: str, models: Path, shape: Shape, threads: int = 1) -> Engine:
    """The engine over `models`/BACKEND. Errors: an unknown backend, or one that the bundle has no model for."""
    if backend not in RUNNABLE:
        raise EdgeError(f"no backend {backend!r} runs here", fix=f"use one of: {', '.join(RUNNABLE)}")
    directory = models / backend
    if not directory.is_dir():
        carried = sorted(path.name for path in models.iterdir())
        raise EdgeError(f"the bundle carries no {backend} model", evidence=f"it has: {', '.join(carried)}")
    if backend == "litert":
        from edge.backends.litert import LiteRtEngine

        return LiteRtEngine(directory, shape, threads)
    from edge.backends.onnx import OnnxEngine

    return OnnxEngine(directory, shape, threads)


def unreadable(path: Path, error: Exception) -> EdgeError:
    """The error for a model file that its engine refuses."""
    return EdgeError(f"{path} is not a model that this engine reads", evidence=str(error).splitlines()[0])
