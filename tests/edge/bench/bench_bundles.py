"""Bundles of a ranking model as a gate reads them, whose models are only bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from packed_bundles import model_of
from student_weights import make_weights

from edge.bundle.bundle import write_bundle
from edge.bundle.ranking_manifest import RANKING_SCHEMA

REQUEST = b'{"user": {}, "events": [], "candidates": [{"id": "1", "title": "Heat"}]}'
FILES: dict[str, Path | bytes] = {
    "text.json": b'{"profile": "{age}"}',
    "vocab.txt": b"[PAD]\n[UNK]\nheat\n",
    "golden.jsonl": b'{"request": ' + REQUEST + b"}\n",
    "models/litert/model.tflite": bytes(range(256)) * 8,
    "models/onnx/score_0.onnx": b"onnx" * 100,
}
GRAPHS = ["embed_8", "encode_4", "encode_8", "summarise_2_8", "append_1", "score_0_4", "score_2_4"]
MODEL = {
    "hidden": 8, "heads": 2, "encode_depths": [1, 2], "interact_layers": 2, "positions": 4, "places": 7, "numbers": 2,
    "distances": 6, "match_size": 4, "match_heads": 2, "factors": 3, "vocabulary": 3, "value": "liked",
}  # fmt: skip


def manifest(**changes: Any) -> dict[str, Any]:
    """AUC .71, .72 and .74 at exits 1/0, 1/2 and 2/2; log loss .6."""
    exits = [
        {"encode": encode, "interact": interact, "quality": {"auc": auc, "log_loss": 0.6}}
        for encode, interact, auc in ((1, 0, 0.71), (1, 2, 0.72), (2, 2, 0.74))
    ]
    plain = {"schema": RANKING_SCHEMA, "name": "movies", "model": dict(MODEL), "buckets": {"litert": GRAPHS}}
    return plain | {"exits": exits, "golden": {"tolerance": 0.001}, "provenance": {"run": "ab"}} | changes


def make(path: Path, files: dict[str, Path | bytes] | None = None, **changes: Any) -> Path:
    write_bundle(path, FILES if files is None else files, manifest(**changes))
    return path


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
