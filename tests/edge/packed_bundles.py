"""Small bundles whose models hold packed weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from bundles import FILES, manifest
from student_weights import make_weights

from edge.bundle.bundle import write_bundle
from edge.bundle.weights.forms import in_form


def model_of(weights: dict[str, np.ndarray], graph: bytes = b"graph" * 20) -> bytes:
    """A model's file: something of a graph between the parameters, integers as rows."""
    forms = {name: "rows" if values.dtype == np.int8 else "float32" for name, values in weights.items()}
    return graph + b"".join(f"<{name}>".encode() + in_form(weights[name], form) for name, form in forms.items())


def make_packed(
    path: Path, weights: dict[str, np.ndarray] | None = None, graph: bytes = b"graph", **changes: Any
) -> Path:
    """A bundle with the same parameters in the files of two engines."""
    weights = make_weights() if weights is None else weights
    models = {"models/litert.tflite": model_of(weights, graph), "models/onnx/layer.onnx": model_of(weights, b"onnx")}
    write_bundle(path, FILES | models, manifest(**changes), weights)
    return path
