"""The engines that compute a bundle's scores, by name. Each is imported when it is opened."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

from edge.bundle.manifest import WEIGHTS
from edge.bundle.shape import Shape
from edge.engines.protocol import Engine
from edge.errors import EdgeError, install, missing_extra

Opener = Callable[[Path, Shape, int], Engine]  # directory, shape, threads

RUNNABLE = ("litert", "onnx")  # of the light runtime, each with a model file of its own
ENGINES = (*RUNNABLE, "reference", "torch", "coreml")
FROM_WEIGHTS = ("reference", "torch")  # these read the bundle's weights, the others models/ENGINE
GROUP = "edge.engines"  # entry points of what comes with the extras


def open_engine(engine: str, models: Path, shape: Shape, threads: int = 1) -> Engine:
    """The engine over an installed bundle's `models`. Errors: an unknown engine, or one that `absent` tells of."""
    reason = absent(engine, models)
    if reason:
        raise EdgeError(reason)
    directory = _directory(engine, models)
    if engine == "litert":
        from edge.engines.litert import LiteRtEngine

        return LiteRtEngine(directory, shape, threads)
    if engine == "onnx":
        from edge.engines.onnx import OnnxEngine

        return OnnxEngine(directory, shape, threads)
    if engine == "reference":
        from edge.engines.reference import reference_engine

        return reference_engine(directory, shape, threads)
    return _registered(engine)(directory, shape, threads)


def check_model(engine: str, models: Path) -> None:
    """Look through a model's file before its engine first loads it. Errors: it is none, and would crash the process."""
    if engine == "litert" and (model := _directory(engine, models) / "model.tflite").is_file():
        from edge.engines.litert_model import check_file

        check_file(model)


def absent(engine: str, models: Path) -> str:
    """Why this engine cannot run here, in one line; nothing if it can. Errors: an unknown engine."""
    if engine not in ENGINES:
        raise EdgeError(f"there is no engine {engine!r}", fix=f"use one of: {', '.join(ENGINES)}")
    directory = _directory(engine, models)
    if engine in FROM_WEIGHTS and not (directory / WEIGHTS).is_file():
        return f"the bundle carries no {WEIGHTS}, which the {engine} engine computes with"
    if not directory.is_dir():
        carried = ", ".join(sorted(path.name for path in models.iterdir()))
        return f"the bundle carries no {engine} model, it has: {carried}"
    if engine in (*RUNNABLE, "reference"):
        return ""
    try:
        _registered(engine)
    except EdgeError as error:
        return " - ".join(str(error).splitlines())
    return ""


def _directory(engine: str, models: Path) -> Path:
    return models.parent if engine in FROM_WEIGHTS else models / engine


def _registered(engine: str) -> Opener:
    for entry in entry_points(group=GROUP, name=engine):
        try:
            opener: Opener = entry.load()
        except ImportError as error:
            raise missing_extra("export", error) from error
        return opener
    raise EdgeError(f"no installed package offers the {engine} engine", fix=install("export"))


def check_heads(path: Path, shape: Shape, heads: int, width: int) -> None:
    """Refuse a model with other heads, or of another width, than its manifest's: its scores would be others."""
    if (heads, heads * width) != (shape.heads, shape.hidden):
        raise EdgeError(
            f"{path} is not the model that the manifest describes",
            evidence=f"it has {heads} heads and a hidden size of {heads * width}, not {shape.heads} and {shape.hidden}",
            fix="export the bundle again",
        )


def unreadable(path: Path, error: Exception) -> EdgeError:
    """The error for a model file that its engine refuses."""
    return EdgeError(f"{path} is not a model that this engine reads", evidence=str(error).splitlines()[0])
