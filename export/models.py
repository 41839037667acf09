"""The model files of a ranking model: those of its bundle, and plain ones for other model loaders."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from cloud.ranking.model import RankingModel
from export.buckets import Buckets
from export.coreml.engine import PACKAGE
from export.litert.check import check_litert
from export.litert.entry_points import export_litert
from export.litert.one_call import export_litert_one_call
from export.onnx.check import check_onnx
from export.onnx.entry_points import export_onnx
from export.onnx.one_call import export_onnx_one_call
from export.plain import PlainSizes
from export.quiet import quiet

EVERYWHERE = ("litert", "onnx")  # engines that run on any machine
PLAIN = {"litert": "model.tflite", "onnx": "model.onnx", "coreml": PACKAGE}  # of export.plain


def write_models(
    model: RankingModel, places: int, buckets: Buckets, models: Path, engines: Collection[str] = EVERYWHERE
) -> None:
    """`models`/ENGINE of a float or quantised model. Errors: one is not fit to ship."""
    if "litert" in engines:
        litert = models / "litert" / "model.tflite"
        litert.parent.mkdir(parents=True)
        export_litert(model, places, buckets, litert)
        check_litert(litert, model)
    if "onnx" in engines:
        export_onnx(model, models / "onnx", places)
        check_onnx(sorted((models / "onnx").glob("*.onnx")), model)
    if "coreml" in engines:
        with quiet():  # coremltools reports at its import what it cannot do here
            from export.coreml.check import check_coreml
            from export.coreml.package import export_coreml

        export_coreml(model, places, buckets, models / "coreml" / PACKAGE)
        check_coreml(models / "coreml" / PACKAGE, model)


def write_plain_files(
    model: RankingModel, places: int, sizes: PlainSizes, directory: Path, engines: Collection[str]
) -> None:
    """The file of each engine in PLAIN. Errors: one is not fit to ship."""
    directory.mkdir(parents=True, exist_ok=True)
    paths = {engine: directory / name for engine, name in PLAIN.items()}
    if "litert" in engines:
        export_litert_one_call(model, sizes, paths["litert"])
        check_litert(paths["litert"], model)
    if "onnx" in engines:
        export_onnx_one_call(model, paths["onnx"], places)
        check_onnx([paths["onnx"]], model)
    if "coreml" in engines:
        with quiet():
            from export.coreml.check import check_coreml
            from export.coreml.one_call import export_coreml_one_call

        export_coreml_one_call(model, sizes, paths["coreml"])
        check_coreml(paths["coreml"], model)
