"""What a bundle's manifest says: shape, quality per exit, and where it came from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from cloud.model import Encoder
from cloud.runs.directory import Run
from cloud.torch_engine import TorchEngine
from edge.config import to_dict
from export.buckets import Buckets

RUNTIMES = {
    "int8": {"litert": "ai-edge-litert 1.0.1", "onnx": "onnxruntime 1.18", "coreml": "iOS 18"},
    "int4": {"litert": "ai-edge-litert 1.4.0", "onnx": "onnxruntime 1.18", "coreml": "iOS 18"},
}  # the oldest that give these scores: benchmarks/old_runtime.py


def bundle_manifest(
    name: str, model: Encoder, source: Run, quality: Mapping[str, Any], buckets: Buckets, tolerance: float
) -> dict[str, Any]:
    """`quality` is engine -> exit depth -> figures; `source` the quantised run; `tolerance` that of golden logits."""
    shape = asdict(TorchEngine(model).shape)
    exits = [
        {"depth": int(depth), "plan": "prefix", "quality": _defined(figures), "engine": engine}
        for engine, by_depth in quality.items()
        for depth, figures in by_depth.items()
    ]
    exits += [
        {"depth": int(depth), "plan": "segments", "quality": _defined(figures)}
        for depth, figures in source.summary["quality"]["test"].get("segments", {}).items()
    ]
    keys = ("parameters", "nonzero")
    return {
        "name": name,
        "model": shape
        | {"precision": source.stage, "buckets": to_dict(buckets)}
        | {k: source.summary[k] for k in keys},
        "runtimes": RUNTIMES[source.stage],
        "exits": exits,
        "golden": {"reference": f"torch, {source.stage} weights and int8 activations", "tolerance": tolerance},
        "provenance": {
            "run": source.hash,
            "weights": source.manifest["files"]["weights.safetensors"],
            "dataset": source.manifest["dataset"],
            "protocol": source.manifest["protocol"],
            "code": source.manifest["code"],
        },
    }


def _defined(figures: Mapping[str, float | None]) -> dict[str, float]:
    """Without those that the test split cannot tell, e.g. the AUC of labels that are all the same."""
    return {key: value for key, value in figures.items() if value is not None and math.isfinite(value)}
