"""The bundle of a ranking model: what its manifest says, and its pieces put together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cloud.ranking.calibration import calibration_of
from cloud.ranking.model import RankingModel
from cloud.runs.directory import Run
from compress.graph import model_shape
from edge.bundle.bundle import BundleInfo, write_bundle
from edge.bundle.exits import VALIDATION_AUC, Exit
from edge.bundle.manifest import SCHEMA, STATIC
from edge.conformance.golden import Golden, to_line
from edge.engines.buckets import name_of
from export.parity import exits_of, parameters_of
from export.settings import RankerExportConfig

RUNTIMES = {
    "float32": {"litert": "ai-edge-litert 1.0.1", "onnx": "onnxruntime 1.18", "coreml": "iOS 18"},
    "int8": {"litert": "ai-edge-litert 1.0.1", "onnx": "onnxruntime 1.18", "coreml": "iOS 18"},
    "int4": {"litert": "ai-edge-litert 1.4.0", "onnx": "onnxruntime 1.18", "coreml": "iOS 18"},
}  # the oldest that were seen to open these graphs and give these scores; iOS is what the packages are written for


def value_of(prepared: Run) -> str:
    """The attribute of an event that is its value: the rating where the log has them, else whether it was liked."""
    return "rating" if prepared.config["source"]["log"]["rating"] else "liked"


def make_manifest(
    config: RankerExportConfig, model: RankingModel, prepared: Run, source: Run, places: int
) -> dict[str, Any]:
    """`source`: the run of the model; `places`: of the longest timeline."""
    shape, precision = model_shape(model.shape, places), precision_of(source)
    signatures = [name_of(entry, sizes) for entry, sizes in config.buckets.signatures(shape)]
    facts = {"vocabulary": model.shape.vocabulary_size, "value": value_of(prepared), "precision": precision}
    counts = {key: source.summary[key] for key in ("parameters", "nonzero")}
    return {
        "schema": SCHEMA,
        "name": config.name,
        "model": asdict(shape) | facts | counts,
        "buckets": {engine: signatures for engine in config.engines if engine in STATIC},
        "runtimes": {engine: RUNTIMES[precision][engine] for engine in config.engines},
        "exits": [_described(source, exit) for exit in exits_of(model)],
        "golden": _golden(config, source),
        "provenance": {
            "run": source.hash,
            "weights": source.manifest["files"]["weights.safetensors"],
            "dataset": source.manifest["dataset"],
            "protocol": source.manifest["protocol"],
            "code": source.manifest["code"],
        },
    }


def _golden(config: RankerExportConfig, source: Run) -> dict[str, Any]:
    reference = f"edge/engines/reference.py, {precision_of(source)} weights"
    own = {"tolerances": {"coreml": config.coreml_tolerance}} if config.coreml else {}
    return {"reference": reference, "tolerance": tolerance_of(config, source)} | own


def tolerance_of(config: RankerExportConfig, source: Run) -> float:
    """Of golden logits, by engines that have no allowance of their own."""
    return config.float_tolerance if precision_of(source) == "float32" else config.integer_tolerance


def precision_of(source: Run) -> str:
    """int8, int4, or float32."""
    bits = source.config.get("bits")
    return f"int{bits}" if bits else "float32"


def bundle_student(
    path: Path,
    model: RankingModel,
    texts: Mapping[str, Path],
    goldens: Sequence[Golden],
    models: Path,
    manifest: Mapping[str, Any],
) -> BundleInfo:
    """Write `path` with all files under `models`; `texts` has text.json and vocab.txt. Each weight is in it once."""
    golden = "".join(to_line(record) + "\n" for record in goldens).encode()
    files: dict[str, Path | bytes] = {**texts, "golden.jsonl": golden}
    files |= {f"models/{file.relative_to(models)}": file for file in sorted(models.rglob("*")) if file.is_file()}
    return write_bundle(path, files, manifest, parameters_of(model))


def _described(source: Run, exit: Exit) -> dict[str, Any]:
    """An exit with what the run measured of it, and its calibration, if it has one."""
    of_parts = source.summary["quality"]
    figures, compared = (of_parts[part][f"encode {exit.encode}"][str(exit.interact)] for part in ("test", "validation"))
    every = {**figures, VALIDATION_AUC: compared["auc"]}
    quality = {key: value for key, value in every.items() if value is not None and math.isfinite(value)}
    described = {"encode": exit.encode, "interact": exit.interact, "quality": quality}
    fit = calibration_of(source, exit.encode, exit.interact)
    return described | ({"calibration": {"temperature": fit.temperature, "offset": fit.offset}} if fit else {})
