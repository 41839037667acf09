"""Stage "export": an int8 student as LiteRT, ONNX and Core ML files, held to torch, in one bundle."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from cloud.attention import PREFIX
from cloud.data.requests import load_requests
from cloud.data.samples import load_samples
from cloud.evaluate import evaluate
from cloud.limits import MOST_TOLERANCE
from cloud.model import Encoder
from cloud.runs.directory import Run, Stage
from cloud.runs.target import Target, Workspace
from cloud.stage import check_same_data, text_spec
from cloud.torch_engine import TorchEngine
from compress.integers import dequantise, load_quantised
from edge.arguments import check_number
from edge.bench.run import measure_apart
from edge.bundle.manifest import BUNDLE_NAME
from edge.bundle.sizes import sizes
from edge.config import check_counts, setting, settings_in, to_dict
from edge.conformance.golden import Golden
from edge.engines.opening import RUNNABLE, open_engine
from edge.errors import EdgeError
from edge.files import write_atomically
from edge.text.checks import MAX_CANDIDATES
from export.buckets import Buckets
from export.bundle import bundle_models
from export.cascade import CascadeConfig, cascades
from export.manifest import bundle_manifest
from export.models import OLD_PACKAGE, PLAIN, write_coreml, write_models, write_plain
from export.one_call import compare_one_call
from export.parity import compare_engines, make_goldens
from export.progress import step

STAGE = Stage("export", 1, ("models/", *PLAIN, f"{OLD_PACKAGE}/", "*.edge", "report.md"))


@dataclass(frozen=True)
class ExportConfig:
    """What to write and how to check it."""

    name: str = "movies"  # of the bundle
    buckets: Buckets = field(default_factory=Buckets)
    coreml: bool = True
    golden_requests: int = 8  # real ones, beside those made from them to examine what they leave out
    golden_candidates: int = 8  # at most, of the real ones
    float_tolerance: float = 1e-3  # largest difference of a float logit from torch
    int8_tolerance: float = 0.1  # engines round activations differently
    timed_requests: int = 8
    cascade: CascadeConfig = field(default_factory=CascadeConfig)

    def __post_init__(self) -> None:
        check_counts(
            self, golden_requests=(1, 10_000), golden_candidates=(1, MAX_CANDIDATES), timed_requests=(1, 10_000)
        )
        for name in ("float_tolerance", "int8_tolerance"):
            fix = "engines add up in another order than torch: 0.001 in float and 0.1 in int8 are usual"
            check_number(setting(name), getattr(self, name), 0.0, MOST_TOLERANCE, fix, above=True)
        if not BUNDLE_NAME.fullmatch(self.name):
            fix = "use letters, digits, '.', '_' or '-'"
            raise EdgeError(f"{setting('name')}={self.name!r} cannot name a bundle", fix=fix)


EXPORTS = {"quickstart": ExportConfig()}


def export_student(prepared: Run, source: Run, out: Path, config: ExportConfig, restart: bool = False) -> Run:
    """Write the bundle NAME.edge and the plain model files; refuse what does not agree with torch."""
    check_same_data(prepared, source)
    facts = {"model": source.config["model"]}
    target = Target(out, STAGE, [prepared, source], to_dict(config), facts, restart)
    if not target.finished():
        with settings_in("buckets"):
            config = replace(config, buckets=config.buckets.holding(text_spec(prepared), f"{prepared.path} text."))
        with target.writing() as workspace:
            model = load_quantised(source)
            models = workspace.path / "models"
            _write_models(model, models, workspace, config)
            goldens = _goldens(model, prepared, config)
            workspace.summary["parity"] = _compare(model, prepared, workspace, goldens, config)
            workspace.summary["quality"] = _measure_engines(model, prepared, models)
            bundle = _write_bundle(model, prepared, source, workspace, goldens, config)
            workspace.summary["sizes"] = {name: asdict(sizes(bundle, name)) for name in RUNNABLE}
            workspace.summary["timing"] = _time_engines(bundle, prepared, config)
            workspace.dataset, workspace.protocol = dict(source.manifest["dataset"]), str(source.manifest["protocol"])
            write_atomically(workspace.path / "report.md", _report(workspace.summary))
    return Run.open(out, STAGE.name)


def _write_models(model: Encoder, models: Path, workspace: Workspace, config: ExportConfig) -> None:
    """The files of the bundle, and the plain ones beside them."""
    shutil.rmtree(models, ignore_errors=True)
    step("LiteRT and ONNX: writing")
    write_models(model, config.buckets, models)
    if config.coreml:
        step("Core ML: writing")
        write_coreml(model, config.buckets, models)
    write_plain(model, config.buckets, workspace.path, config.coreml)


def _compare(
    model: Encoder, prepared: Run, workspace: Workspace, goldens: list[Golden], config: ExportConfig
) -> dict[str, list[dict[str, Any]]]:
    """Every exit of every engine, float and quantised, held to torch."""
    step("comparing every exit with torch")
    float_model, float_models = dequantise(model), workspace.scratch / "float"
    shutil.rmtree(float_models, ignore_errors=True)
    write_models(float_model, config.buckets, float_models)
    float_goldens = _goldens(float_model, prepared, config)
    return {
        "float": compare_engines(float_model, float_models, float_goldens, config.float_tolerance),
        "int8": compare_engines(model, workspace.path / "models", goldens, config.int8_tolerance),
        "one call": compare_one_call(workspace.path, goldens, config.buckets.most_tokens, config.int8_tolerance),
    }


def _goldens(model: Encoder, prepared: Run, config: ExportConfig) -> list[Golden]:
    requests, candidates = config.golden_requests, config.golden_candidates
    return make_goldens(model, prepared, requests, candidates, config.buckets.user_tokens)


def _measure_engines(model: Encoder, prepared: Run, models: Path) -> dict[str, Any]:
    """Quality of every exit on the test split, computed by each engine: name -> exit depth -> figures."""
    requests, depths = load_requests(prepared, "test"), model.config.exit_depths
    found = {}
    for name in RUNNABLE:
        engines = [open_engine(name, models, TorchEngine(model).shape) for _ in range(2)]
        found[name] = evaluate(engines, requests, PREFIX, depths, name)
        for engine in engines:
            engine.close()
    return found


def _write_bundle(
    model: Encoder, prepared: Run, source: Run, workspace: Workspace, goldens: list[Golden], config: ExportConfig
) -> Path:
    path = workspace.path / f"{config.name}.edge"
    quality = workspace.summary["quality"]
    manifest = bundle_manifest(config.name, model, source, quality, config.buckets, config.int8_tolerance)
    step("fitting the cascade")
    manifest["cascades"] = cascades(prepared, model, workspace.path / "models", config.cascade)
    texts = {name: prepared.file(name) for name in ("text.json", "vocab.txt")}
    bundle_models(path, model, texts, goldens, workspace.path / "models", manifest)
    return path


def _time_engines(bundle: Path, prepared: Run, config: ExportConfig) -> dict[str, Any]:
    """Latency per exit and resident memory of each engine, in a fresh process each."""
    requests = [request for _, request in load_samples(prepared)][: config.timed_requests]
    timing = {}
    for name in RUNNABLE:
        step(f"{name}: timing")
        timing[name] = asdict(measure_apart(bundle, name, requests, repeats=1))
    return timing


def _report(summary: dict[str, Any]) -> str:
    lines = [
        "# Exported bundle",
        "",
        "| precision | engine | plan | exit | largest difference | top-10 agreement |",
    ]
    lines.append("|---|---|---|---|---|---|")
    for precision, rows in summary["parity"].items():
        for row in rows:
            figures = f"{row['max_difference']:.2g} | {row['top10']:.3f}"
            lines.append(f"| {precision} | {row['engine']} | {row['plan']} | {row['exit']} | {figures} |")
    return "\n".join(lines) + "\n"
