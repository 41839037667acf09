"""All model files of one student: those that a bundle carries, and plain ones for loaders of one's own."""

from __future__ import annotations

from pathlib import Path

from cloud.model import Encoder
from export.buckets import Buckets
from export.coreml.check import check_coreml
from export.coreml.package import export_coreml, export_coreml_run
from export.litert.check import check_litert
from export.litert.entry_points import export_litert
from export.litert.one_call import export_litert_one_call
from export.onnx.entry_points import check_onnx, export_onnx
from export.onnx.one_call import check_onnx_one_call, export_onnx_one_call

PLAIN = ("model.tflite", "model.onnx")  # one call each: run(ids, mask, k)
PACKAGE, OLD_PACKAGE = "Model.mlpackage", "Model-iOS16.mlpackage"


def write_models(model: Encoder, buckets: Buckets, models: Path) -> None:
    """`models`/ENGINE for LiteRT and ONNX Runtime, of a float or quantised model. Errors: one is not fit to ship."""
    litert = models / "litert" / "model.tflite"
    litert.parent.mkdir(parents=True)
    export_litert(model, buckets, litert)
    check_litert(litert, model)
    export_onnx(model, models / "onnx")
    check_onnx(models / "onnx", model)


def write_coreml(model: Encoder, buckets: Buckets, models: Path) -> None:
    """`models`/coreml, for iOS 18, of a quantised model."""
    package = models / "coreml" / PACKAGE
    package.parent.mkdir(parents=True)
    export_coreml(model, buckets, package)
    check_coreml(package, model)


def write_plain(model: Encoder, buckets: Buckets, directory: Path, coreml: bool) -> None:
    """The files with a single entry point, (ids, mask, k) -> score, of a quantised model."""
    tflite, onnx = (directory / name for name in PLAIN)
    export_litert_one_call(model, buckets.most_tokens, tflite)
    check_litert(tflite, model)
    export_onnx_one_call(model, onnx)
    check_onnx_one_call(onnx, model)
    if coreml:
        export_coreml_run(model, buckets, directory / OLD_PACKAGE)
        check_coreml(directory / OLD_PACKAGE, model)
