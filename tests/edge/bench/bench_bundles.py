"""Bundles of a ranking model as a gate reads them, whose models are only bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bundles
import numpy as np
from bundles import REQUEST as REQUEST
from packed_bundles import model_of
from student_weights import make_weights

from edge.bundle.bundle import write_bundle

FILES: dict[str, Path | bytes] = {
    **{name: content for name, content in bundles.FILES.items() if not name.startswith("models/")},
    "models/litert/model.tflite": bytes(range(256)) * 8,
    "models/onnx/score_0.onnx": b"onnx" * 100,
}
GRAPHS = ["embed_8", "encode_4", "encode_8", "summarise_2_8", "append_1", "score_0_4", "score_2_4"]
MODEL = bundles.MODEL | {"encode_depths": [1, 2], "positions": 4, "numbers": 2, "factors": 3}


def manifest(**changes: Any) -> dict[str, Any]:
    """AUC .71, .72 and .74 at exits 1/0, 1/2 and 2/2; log loss .6."""
    exits = [
        {"encode": encode, "interact": interact, "quality": {"auc": auc, "log_loss": 0.6}}
        for encode, interact, auc in ((1, 0, 0.71), (1, 2, 0.72), (2, 2, 0.74))
    ]
    return bundles.manifest(model=dict(MODEL), buckets={"litert": GRAPHS}, exits=exits) | changes


def make(path: Path, files: dict[str, Path | bytes] | None = None, **changes: Any) -> Path:
    return bundles.make(path, FILES if files is None else files, **manifest(**changes))


def make_packed(
    path: Path,
    weights: dict[str, np.ndarray] | None = None,
    written: Callable[[dict[str, np.ndarray]], bytes] = model_of,
    more_golden: bytes = b"",
    **changes: Any,
) -> Path:
    """A bundle with the same parameters in the files of two engines, LiteRT's as `written`, and more golden ones."""
    weights = make_weights() if weights is None else weights
    models = {"models/litert/model.tflite": written(weights), "models/onnx/score_0.onnx": model_of(weights, b"onnx")}
    more = {"golden.jsonl": bytes(FILES["golden.jsonl"]) + more_golden}  # type: ignore[arg-type]
    write_bundle(path, FILES | more | models, manifest(**changes), weights)
    return path
