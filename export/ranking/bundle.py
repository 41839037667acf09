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
from compress.ranking.graph import ranking_graph
from edge.bundle.bundle import BundleInfo, write_bundle
from edge.bundle.ranking_manifest import RANKING_SCHEMA
from edge.conformance.ranking_golden import RankingGolden, to_line
from edge.engines.ranking.buckets import name_of
from edge.runtime.ranking.choice import Exit
from export.ranking.buckets import RankingBuckets
from export.ranking.parity import exits_of, ranking_parameters


def value_of(prepared: Run) -> str:
    """The attribute of an event that is its value: the rating where the log has them, else whether it was liked."""
    return "rating" if prepared.config["source"]["log"]["rating"] else "liked"


def ranking_manifest(
    name: str, model: RankingModel, prepared: Run, source: Run, places: int, buckets: RankingBuckets, tolerance: float
) -> dict[str, Any]:
    """`source`: the run of the model; `places`: of the longest timeline; `tolerance`: of golden logits."""
    shape, precision = ranking_graph(model.shape, places), precision_of(source)
    signatures = [name_of(entry, sizes) for entry, sizes in buckets.signatures(shape)]
    facts = {"vocabulary": model.shape.vocabulary_size, "value": value_of(prepared), "precision": precision}
    counts = {key: source.summary[key] for key in ("parameters", "nonzero")}
    return {
        "schema": RANKING_SCHEMA,
        "name": name,
        "model": asdict(shape) | facts | counts,
        "buckets": {"litert": signatures},
        "exits": [_described(source, exit) for exit in exits_of(model)],
        "golden": {"reference": f"edge/engines/ranking/reference.py, {precision} weights", "tolerance": tolerance},
        "provenance": {
            "run": source.hash,
            "weights": source.manifest["files"]["weights.safetensors"],
            "dataset": source.manifest["dataset"],
            "protocol": source.manifest["protocol"],
            "code": source.manifest["code"],
        },
    }


def precision_of(source: Run) -> str:
    """int8, int4, or float32."""
    bits = source.config.get("bits")
    return f"int{bits}" if bits else "float32"


def bundle_ranking(
    path: Path,
    model: RankingModel,
    texts: Mapping[str, Path],
    goldens: Sequence[RankingGolden],
    models: Path,
    manifest: Mapping[str, Any],
) -> BundleInfo:
    """Write `path` with all files under `models`; `texts` has text.json and vocab.txt. Each weight is in it once."""
    golden = "".join(to_line(record) + "\n" for record in goldens).encode()
    files: dict[str, Path | bytes] = {**texts, "golden.jsonl": golden}
    files |= {f"models/{file.relative_to(models)}": file for file in sorted(models.rglob("*")) if file.is_file()}
    return write_bundle(path, files, manifest, ranking_parameters(model))


def _described(source: Run, exit: Exit) -> dict[str, Any]:
    """An exit with what the run measured of it on the test split, and its calibration, if it has one."""
    figures = source.summary["quality"]["test"][f"encode {exit.encode}"][str(exit.interact)]
    quality = {key: value for key, value in figures.items() if value is not None and math.isfinite(value)}
    described = {"encode": exit.encode, "interact": exit.interact, "quality": quality}
    fit = calibration_of(source, exit.encode, exit.interact)
    return described | ({"calibration": {"temperature": fit.temperature, "offset": fit.offset}} if fit else {})
