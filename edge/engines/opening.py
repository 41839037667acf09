"""The engines of a bundle's model, by name. Each is imported when it is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from edge.bundle.listing import WEIGHTS
from edge.engines.protocol import Engine
from edge.engines.shape import ModelShape
from edge.errors import EdgeError, install, missing_extra

Opener = Callable[[Path, ModelShape, int], Engine]  # directory, shape, threads

RUNNABLE = ("litert", "onnx")  # of the light runtime, each with a model file of its own
RANKING_ENGINES = (*RUNNABLE, "reference", "coreml")
FROM_WEIGHTS = ("reference",)  # reads the bundle's weights, the others models/ENGINE
GROUP = "edge.engines"  # entry points of what comes with the extras


def open_engine(engine: str, models: Path, shape: ModelShape, threads: int = 1) -> Engine:
    """The engine over an installed bundle's `models`. Errors: an unknown engine, or one that is `absent`."""
    reason = absent(engine, models)
    if reason:
        raise EdgeError(reason, fix="name an engine that the bundle has, or export it again")
    if engine == "litert":
        from edge.engines.litert import LiteRtEngine

        return LiteRtEngine(models / engine, shape, threads)
    if engine == "onnx":
        from edge.engines.onnx import OnnxEngine

        return OnnxEngine(models / engine, shape, threads)
    if engine == "reference":
        from edge.engines.weights import reference_engine

        return reference_engine(models.parent, shape)
    return _registered(engine)(models / engine, shape, threads)


def shape_in(manifest: Mapping[str, Any]) -> ModelShape:
    """The sizes of the model, from a manifest that was checked."""
    sizes = {field.name: manifest["model"][field.name] for field in fields(ModelShape)}
    return ModelShape(**sizes | {"encode_depths": tuple(sizes["encode_depths"])})


def absent(engine: str, models: Path) -> str:
    """Why this engine cannot run here, in one line; nothing if it can. Errors: an unknown engine."""
    if engine not in RANKING_ENGINES:
        raise EdgeError(f"there is no engine {engine!r}", fix=f"use one of: {', '.join(RANKING_ENGINES)}")
    if engine in FROM_WEIGHTS:
        packed = (models.parent / WEIGHTS).is_file()
        return "" if packed else f"the bundle carries no {WEIGHTS}, which the {engine} engine computes with"
    if not (models / engine).is_dir():
        carried = ", ".join(sorted(path.name for path in models.iterdir()))
        return f"the bundle carries no {engine} model, it has: {carried}"
    if engine in RUNNABLE:
        return ""
    try:
        _registered(engine)
    except EdgeError as error:
        return " - ".join(str(error).splitlines())
    return ""


def _registered(engine: str) -> Opener:
    """What an extra offers. Errors: it is not installed."""
    for entry in entry_points(group=GROUP, name=engine):
        try:
            opener: Opener = entry.load()
        except ImportError as error:
            raise missing_extra("export", error) from error
        return opener
    raise EdgeError(f"no installed package offers the {engine} engine", fix=install("export"))


def check_model(engine: str, models: Path) -> None:
    """Check a model's file before its engine first loads it. Errors: it is invalid, and would crash the process."""
    if engine == "litert" and (model := models / engine / "model.tflite").is_file():
        from edge.engines.litert_model import check_file

        check_file(model)


def unreadable(path: Path, error: Exception) -> EdgeError:
    """The error for a model file that its engine refuses."""
    return EdgeError(f"{path} is not a model that this engine reads", evidence=str(error).splitlines()[0])
