"""The model files of a ranking model's bundle."""

from __future__ import annotations

from pathlib import Path

from cloud.ranking.model import RankingModel
from export.ranking.buckets import RankingBuckets
from export.ranking.litert.check import check_ranking_litert
from export.ranking.litert.entry_points import export_ranking_litert
from export.ranking.onnx.check import check_ranking_onnx
from export.ranking.onnx.entry_points import export_ranking_onnx


def write_ranking_models(model: RankingModel, places: int, buckets: RankingBuckets, models: Path) -> None:
    """`models`/ENGINE for LiteRT and ONNX Runtime, of a float or quantised model. Errors: one is not fit to ship."""
    litert = models / "litert" / "model.tflite"
    litert.parent.mkdir(parents=True)
    export_ranking_litert(model, places, buckets, litert)
    check_ranking_litert(litert, model)
    export_ranking_onnx(model, models / "onnx", places)
    check_ranking_onnx(sorted((models / "onnx").glob("*.onnx")), model)
