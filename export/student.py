"""Stage "export": an int8 student as LiteRT, ONNX and Core ML files, held to torch, in one bundle."""

from __future__ import annotations

import json
import math
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cloud.attention import PREFIX
from cloud.data.requests import load_requests
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
from edge.engine import Shape
from edge.errors import EdgeError
from edge.golden import Golden, make_golden, to_line
from edge.manifest import BUNDLE_NAME
from edge.runs import Run, Workspace, finished, write_atomically, writing
from edge.text.request import request_from_json
from edge.text.sequence import TextEncoder
from edge.text.spec import TextSpec
from edge.text.types import Request
from edge.text.wordpiece import WordPiece
from edge.verify import Result, check_scores
from export.coreml import export_coreml
from export.litert import Buckets, check_litert, export_litert, quantise_litert
from export.onnx import check_onnx, export_onnx


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
        check_buckets(text_spec(prepared), config.buckets)
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


def check_buckets(spec: TextSpec, buckets: Buckets) -> None:
    """Every request that the text spec can make must fit the largest bucket."""
    for name, largest, needed in (
        ("user_tokens", max(buckets.user_tokens), spec.max_user_tokens),
        ("candidate_tokens", buckets.candidate_tokens, spec.max_segment_tokens),
    ):
        if largest < needed:
            raise EdgeError(
                f"buckets.{name} holds {largest} tokens, the text spec allows {needed}",
                fix=f"raise buckets.{name}, or lower the limit when preparing",
            )


def read_samples(prepared: Run) -> list[Request]:
    """The real test requests that the prepared run keeps for replay."""
    lines = prepared.file("requests.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    return [request_from_json({key: value for key, value in record.items() if key != "id"}) for record in records]


def make_goldens(model: Encoder, prepared: Run, config: ExportConfig) -> list[Golden]:
    """The reference answers, by torch."""
    encoder = TextEncoder(text_spec(prepared), WordPiece.open(prepared.file("vocab.txt")))
    requests = read_samples(prepared)[: config.golden_requests]
    cut = [Request(r.user, r.events, r.candidates[: config.golden_candidates]) for r in requests]
    return [make_golden(encoder, TorchEngine(model), request) for request in cut]


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
        "float": _compare(
            float_model, float_models, make_goldens(float_model, prepared, config), config.float_tolerance
        ),
        "int8": _compare(model, models, make_goldens(model, prepared, config), config.int8_tolerance),
    }


def _compare(model: Encoder, models: Path, goldens: Sequence[Golden], tolerance: float) -> list[dict[str, Any]]:
    """One row per backend, plan and exit; an error if one of them is off."""
    rows: list[Result] = []
    for backend in RUNNABLE:
        engine = open_engine(backend, models, TorchEngine(model).shape)
        rows += check_scores(engine, goldens, backend, tolerance)
        engine.close()
    wrong = [row for row in rows if not row.passed]
    if wrong:
        worst = max(wrong, key=lambda row: row.max_difference)
        raise EdgeError(
            f"{worst.backend} differs from torch by {worst.max_difference:.4f} at exit {worst.exit} ({worst.plan})",
            evidence=f"{len(wrong)} of {len(rows)} comparisons are beyond the tolerance of {tolerance}",
        )
    return [asdict(row) for row in rows]


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
    goldens = make_goldens(model, prepared, config)
    files: dict[str, Path | bytes] = {
        "text.json": prepared.file("text.json"),
        "vocab.txt": prepared.file("vocab.txt"),
        "golden.jsonl": "".join(to_line(golden) + "\n" for golden in goldens).encode(),
    }
    models = workspace.path / "models"
    files |= {f"models/{path.relative_to(models)}": path for path in sorted(models.rglob("*")) if path.is_file()}
    path = workspace.path / f"{config.name}.edge"
    write_bundle(path, files, _manifest(model, source, workspace.summary["quality"], config))
    return path


def _manifest(model: Encoder, source: Run, quality: dict[str, Any], config: ExportConfig) -> dict[str, Any]:
    shape = asdict(Shape(model.config.layers, model.config.hidden_size, model.config.heads, model.config.handover))
    exits = [
        {"depth": int(depth), "plan": "prefix", "quality": _defined(figures), "backend": backend}
        for backend, by_depth in quality.items()
        for depth, figures in by_depth.items()
    ]
    exits += [
        {"depth": int(depth), "plan": "segments", "quality": _defined(figures)}
        for depth, figures in source.summary["quality"]["test"].get("segments", {}).items()
    ]
    keys = ("parameters", "nonzero")
    return {
        "name": config.name,
        "model": shape
        | {"precision": "int8", "buckets": to_dict(config.buckets)}
        | {k: source.summary[k] for k in keys},
        "exits": exits,
        "golden": {"reference": "torch, int8 weights and activations", "tolerance": config.int8_tolerance},
        "parts": {
            "model:litert": {
                "token embedding": _bytes_of(model, "token."),
                "shared layer": _bytes_of(model, "layers."),
            }
        },
        "provenance": {
            "run": source.hash,
            "weights": source.manifest["files"]["weights.safetensors"],
            "dataset": source.manifest["dataset"],
            "protocol": PROTOCOL,
            "code": source.manifest["code"],
        },
    }


def _bytes_of(model: Encoder, prefix: str) -> int:
    """int8 weights whose names begin so."""
    tensors = model.state_dict().items()
    return sum(value.numel() for name, value in tensors if name.startswith(prefix) and name.endswith(".weight"))


def _defined(figures: Mapping[str, float | None]) -> dict[str, float]:
    """Without those that the test split cannot tell, e.g. the AUC of labels that are all the same."""
    return {key: value for key, value in figures.items() if value is not None and math.isfinite(value)}


def _time_backends(bundle: Path, prepared: Run, config: ExportConfig) -> dict[str, Any]:
    """Latency per exit and resident memory of each backend, in a fresh process each."""
    requests = read_samples(prepared)[: config.timed_requests]
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
