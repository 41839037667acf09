"""Stage "export": an int8 student as LiteRT, ONNX and Core ML files, held to torch, in one bundle."""

from __future__ import annotations

import shutil
import sys
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from cloud.attention import PREFIX
from cloud.data.requests import load_requests
from cloud.data.samples import load_samples
from cloud.evaluate import evaluate
from cloud.model import Encoder
from cloud.stage import PROTOCOL, check_same_data, text_spec
from cloud.torch_engine import TorchEngine
from compress.int8 import dequantise, load_int8
from edge.backends import RUNNABLE, open_engine
from edge.bench.run import measure_apart
from edge.bench.sizes import sizes
from edge.bundle import write_bundle
from edge.config import check_least, to_dict
from edge.errors import EdgeError
from edge.golden import Golden, to_line
from edge.manifest import BUNDLE_NAME
from edge.runs import Run, Workspace, finished, write_atomically, writing
from export.coreml import export_coreml
from export.litert import Buckets, check_litert, export_litert, quantise_litert
from export.manifest import bundle_manifest
from export.onnx import check_onnx, export_onnx
from export.parity import compare, make_goldens


@dataclass(frozen=True)
class ExportConfig:
    """What to write and how to check it."""

    name: str = "movies"  # of the bundle
    buckets: Buckets = field(default_factory=Buckets)
    coreml: bool = True
    golden_requests: int = 12
    golden_candidates: int = 20  # at most, per golden request
    float_tolerance: float = 1e-3  # largest difference of a float logit from torch
    int8_tolerance: float = 0.1  # engines round activations differently
    timed_requests: int = 8

    def __post_init__(self) -> None:
        check_least(self, "", golden_requests=1, golden_candidates=1, timed_requests=1)
        if not BUNDLE_NAME.fullmatch(self.name):
            raise EdgeError(f"a bundle cannot be named {self.name!r}", fix="use letters, digits, '.', '_' or '-'")


EXPORTS = {"quickstart": ExportConfig()}


def export_student(prepared: Run, source: Run, out: Path, config: ExportConfig) -> Run:
    """Write the bundle NAME.edge and the plain model files; refuse what does not agree with torch."""
    parents = [prepared, source]
    check_same_data(prepared, source)
    settings = to_dict(config) | {"model": source.config["model"]}
    if not finished(out, "export", parents, settings):
        config = replace(config, buckets=config.buckets.holding(text_spec(prepared)))
        with writing(out, "export", parents, settings) as workspace:
            model = load_int8(source)
            models = workspace.path / "models"
            workspace.summary["parity"] = _write_models(model, prepared, models, workspace, config)
            workspace.summary["quality"] = _measure_backends(model, prepared, models)
            bundle = _write_bundle(model, prepared, source, workspace, config)
            workspace.summary["sizes"] = {backend: asdict(sizes(bundle, backend)) for backend in RUNNABLE}
            workspace.summary["timing"] = _time_backends(bundle, prepared, config)
            workspace.dataset, workspace.protocol = dict(prepared.manifest["dataset"]), PROTOCOL
            write_atomically(workspace.path / "report.md", _report(workspace.summary))
    return Run.open(out, "export")


def _write_models(
    model: Encoder, prepared: Run, models: Path, workspace: Workspace, config: ExportConfig
) -> dict[str, list[dict[str, Any]]]:
    """Both precisions of both engines, each held to torch; the int8 ones stay. Returns the comparisons."""
    float_model, float_models = dequantise(model), workspace.scratch / "float"
    shutil.rmtree(models, ignore_errors=True)
    for directory in (models, float_models):
        (directory / "litert").mkdir(parents=True, exist_ok=True)
    float_file = float_models / "litert" / "model.tflite"
    _step("LiteRT: converting")
    export_litert(float_model, config.buckets, float_file)
    quantise_litert(float_file, models / "litert" / "model.tflite")
    check_litert(float_file, float_model)
    check_litert(models / "litert" / "model.tflite", model)
    _step("ONNX: writing")
    export_onnx(float_model, float_models / "onnx")
    export_onnx(model, models / "onnx")
    check_onnx(float_models / "onnx", float_model)
    check_onnx(models / "onnx", model)
    if config.coreml:
        _step("Core ML: converting")
        export_coreml(float_model, config.buckets, workspace.path / "Model.mlpackage")
    _step("comparing every exit with torch")
    return {
        "float": compare(float_model, float_models, _goldens(float_model, prepared, config), config.float_tolerance),
        "int8": compare(model, models, _goldens(model, prepared, config), config.int8_tolerance),
    }


def _goldens(model: Encoder, prepared: Run, config: ExportConfig) -> list[Golden]:
    return make_goldens(model, prepared, config.golden_requests, config.golden_candidates)


def _measure_backends(model: Encoder, prepared: Run, models: Path) -> dict[str, Any]:
    """Quality of every exit on the test split, computed by each engine: backend -> exit depth -> figures."""
    requests, depths = load_requests(prepared, "test"), model.config.exit_depths
    found = {}
    for backend in RUNNABLE:
        engines = [open_engine(backend, models, TorchEngine(model).shape) for _ in range(2)]
        found[backend] = evaluate(engines, requests, PREFIX, depths, backend)
        for engine in engines:
            engine.close()
    return found


def _write_bundle(model: Encoder, prepared: Run, source: Run, workspace: Workspace, config: ExportConfig) -> Path:
    goldens = _goldens(model, prepared, config)
    files: dict[str, Path | bytes] = {
        "text.json": prepared.file("text.json"),
        "vocab.txt": prepared.file("vocab.txt"),
        "golden.jsonl": "".join(to_line(golden) + "\n" for golden in goldens).encode(),
    }
    models = workspace.path / "models"
    files |= {f"models/{path.relative_to(models)}": path for path in sorted(models.rglob("*")) if path.is_file()}
    path = workspace.path / f"{config.name}.edge"
    quality = workspace.summary["quality"]
    manifest = bundle_manifest(config.name, model, source, quality, config.buckets, config.int8_tolerance)
    write_bundle(path, files, manifest)
    return path


def _time_backends(bundle: Path, prepared: Run, config: ExportConfig) -> dict[str, Any]:
    """Latency per exit and resident memory of each backend, in a fresh process each."""
    requests = [request for _, request in load_samples(prepared)][: config.timed_requests]
    timing = {}
    for backend in RUNNABLE:
        _step(f"{backend}: timing")
        timing[backend] = asdict(measure_apart(bundle, backend, requests, repeats=1))
    return timing


def _report(summary: dict[str, Any]) -> str:
    lines = [
        "# Exported bundle",
        "",
        "| precision | backend | plan | exit | largest difference | top-10 agreement |",
    ]
    lines.append("|---|---|---|---|---|---|")
    for precision, rows in summary["parity"].items():
        for row in rows:
            figures = f"{row['max_difference']:.2g} | {row['top10']:.3f}"
            lines.append(f"| {precision} | {row['backend']} | {row['plan']} | {row['exit']} | {figures} |")
    return "\n".join(lines) + "\n"


def _step(text: str) -> None:
    print(f"export: {text}", file=sys.stderr, flush=True)
