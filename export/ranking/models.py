"""The model files of a ranking model's bundle."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from cloud.ranking.model import RankingModel
from export.ranking.buckets import RankingBuckets
from export.ranking.coreml.check import check_ranking_coreml
from export.ranking.coreml.engine import PACKAGE
from export.ranking.coreml.package import export_ranking_coreml
from export.ranking.litert.check import check_ranking_litert
from export.ranking.litert.entry_points import export_ranking_litert
from export.ranking.onnx.check import check_ranking_onnx
from export.ranking.onnx.entry_points import export_ranking_onnx

EVERYWHERE = ("litert", "onnx")  # engines that run on any machine


def write_ranking_models(
    model: RankingModel, places: int, buckets: RankingBuckets, models: Path, engines: Collection[str] = EVERYWHERE
) -> None:
    """`models`/ENGINE of a float or quantised model. Errors: one is not fit to ship."""
    if "litert" in engines:
        litert = models / "litert" / "model.tflite"
        litert.parent.mkdir(parents=True)
        export_ranking_litert(model, places, buckets, litert)
        check_ranking_litert(litert, model)
    if "onnx" in engines:
        export_ranking_onnx(model, models / "onnx", places)
        check_ranking_onnx(sorted((models / "onnx").glob("*.onnx")), model)
    if "coreml" in engines:
        export_ranking_coreml(model, places, buckets, models / "coreml" / PACKAGE)
        check_ranking_coreml(models / "coreml" / PACKAGE, model)
