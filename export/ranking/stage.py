"""Stage "ranker-export": a ranking model as LiteRT and ONNX files, compared with torch, in one bundle."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from cloud.data.samples import load_samples
from cloud.limits import MOST_TOLERANCE
from cloud.ranking.measure import load_ranker
from cloud.ranking.model import RankingModel
from cloud.runs.directory import Run, Stage
from cloud.runs.target import Target, Workspace
from cloud.stage import check_same_data, text_encoder
from compress.ranking.graph import ranking_graph
from compress.ranking.integers import dequantise_ranker, load_quantised_ranker
from compress.ranking.pruned import STAGE as PRUNED
from compress.ranking.quantised import STAGES as QUANTISED
from compress.ranking.windows import check_for_phones, windows_of
from distill.ranking.student import STAGE as STUDENT
from edge.arguments import check_number
from edge.bundle.manifest import BUNDLE_NAME
from edge.bundle.sizes import sizes
from edge.config import check_counts, setting, settings_in, to_dict
from edge.conformance.ranking_golden import RankingGolden
from edge.engines.opening import RUNNABLE
from edge.errors import EdgeError
from edge.files import write_atomically
from edge.runtime.ranking.user_timeline import Reading
from edge.text.checks import MAX_CANDIDATES
from edge.text.segments import SegmentEncoder
from edge.text.types import Request
from export.models import step
from export.ranking.buckets import RankingBuckets
from export.ranking.bundle import bundle_ranking, precision_of, ranking_manifest, value_of
from export.ranking.exam import RankingExam
from export.ranking.models import write_ranking_models
from export.ranking.one_layer import require_one_layer
from export.ranking.parity import compare_ranking_engines, make_ranking_goldens

RANKER_EXPORT = Stage("ranker-export", 1, ("models/", "*.edge", "report.md"))
SOURCES = (*QUANTISED.values(), PRUNED, STUDENT)  # stages whose models become bundles


@dataclass(frozen=True)
class RankerExportConfig:
    """What to write and how to check it."""

    name: str = "movies"  # of the bundle
    buckets: RankingBuckets = field(default_factory=RankingBuckets)
    golden_requests: int = 8  # real ones, beside those made from them to examine what they leave out
    golden_candidates: int = 8  # at most, of the real ones
    float_tolerance: float = 1e-3  # largest difference of a float logit from the reference
    integer_tolerance: float = 0.02  # engines round activations differently

    def __post_init__(self) -> None:
        check_counts(self, golden_requests=(1, 10_000), golden_candidates=(1, MAX_CANDIDATES))
        for name in ("float_tolerance", "integer_tolerance"):
            fix = "engines add up in another order than torch: 0.001 in float and 0.02 in integers are usual"
            check_number(setting(name), getattr(self, name), 0.0, MOST_TOLERANCE, fix, above=True)
        if not BUNDLE_NAME.fullmatch(self.name):
            fix = "use letters, digits, '.', '_' or '-'"
            raise EdgeError(f"{setting('name')}={self.name!r} cannot name a bundle", fix=fix)


RANKER_EXPORTS = {"quickstart": RankerExportConfig()}


@dataclass(frozen=True)
class Exporting:
    """A model with what its files are made and checked by."""

    model: RankingModel
    reading: Reading
    requests: Sequence[tuple[str, Request]]  # by id
    places: int  # of the longest timeline, the profile included
    config: RankerExportConfig

    def goldens(self) -> list[RankingGolden]:
        return make_ranking_goldens(self.model, self.reading, self.requests, self.places)

    def write(self, models: Path) -> None:
        shutil.rmtree(models, ignore_errors=True)
        write_ranking_models(self.model, self.places, self.config.buckets, models)

    def compare(self, models: Path, goldens: Sequence[RankingGolden], tolerance: float) -> list[dict[str, Any]]:
        return compare_ranking_engines(self.model, self.reading, models, goldens, self.places, tolerance)


def export_ranker(prepared: Run, source: Run, out: Path, config: RankerExportConfig, restart: bool = False) -> Run:
    """Write the bundle NAME.edge; refuse a model file that does not agree with torch."""
    check_same_data(prepared, source)
    check_for_phones(source)
    places = windows_of(source)["history"] + 1
    facts = {"shape": source.config["shape"], "places": places, "precision": precision_of(source)}
    target = Target(out, RANKER_EXPORT, [prepared, source], to_dict(config), facts, restart)
    if not target.finished():
        model = load_quantised_ranker(source) if "bits" in source.config else load_ranker(source)
        require_one_layer(model.shape)
        with settings_in("buckets"):
            config.buckets.signatures(ranking_graph(model.shape, places))
        with target.writing() as workspace:
            encoder = text_encoder(prepared)
            reading = Reading(SegmentEncoder(encoder), encoder.spec.numbers, value_of(prepared))
            requests = _requests(prepared, reading, places, config)
            _export(Exporting(model, reading, requests, places, config), prepared, source, workspace)
    return Run.open(out, RANKER_EXPORT.name)


def _export(exporting: Exporting, prepared: Run, source: Run, workspace: Workspace) -> None:
    config, precision, models = exporting.config, precision_of(source), workspace.path / "models"
    tolerance = config.float_tolerance if precision == "float32" else config.integer_tolerance
    step("LiteRT and ONNX: writing")
    exporting.write(models)
    goldens = exporting.goldens()
    step("comparing every exit with torch")
    parity = {precision: exporting.compare(models, goldens, tolerance)}
    if precision != "float32":
        parity["float32"] = _of_floats(exporting, workspace.scratch / "float")
    path = workspace.path / f"{config.name}.edge"
    manifest = ranking_manifest(
        config.name, exporting.model, prepared, source, exporting.places, config.buckets, tolerance
    )
    texts = {name: prepared.file(name) for name in ("text.json", "vocab.txt")}
    bundle_ranking(path, exporting.model, texts, goldens, models, manifest)
    workspace.summary |= {"parity": parity, "sizes": {name: asdict(sizes(path, name)) for name in RUNNABLE}}
    workspace.dataset, workspace.protocol = dict(source.manifest["dataset"]), str(source.manifest["protocol"])
    write_atomically(workspace.path / "report.md", _report(workspace.summary, manifest["exits"]))


def _of_floats(exporting: Exporting, models: Path) -> list[dict[str, Any]]:
    """The same weights in float, where engines differ by the order of additions alone: a wrong graph shows."""
    floats = replace(exporting, model=dequantise_ranker(exporting.model))
    floats.write(models)
    return floats.compare(models, floats.goldens(), exporting.config.float_tolerance)


def _requests(prepared: Run, reading: Reading, places: int, config: RankerExportConfig) -> list[tuple[str, Request]]:
    """The first of the prepared run's, and those made of them."""
    exam = RankingExam(reading.encoder.encoder.spec, places, config.buckets.candidates[-1])
    return exam.requests(load_samples(prepared), config.golden_requests, config.golden_candidates)


def _report(summary: Mapping[str, Any], exits: Sequence[Mapping[str, Any]]) -> str:
    lines = ["# Exported ranking model", "", "| engine | download | installed |", "|---|---|---|"]
    lines += [f"| {name} | {row['download']:,} | {row['installed']:,} |" for name, row in summary["sizes"].items()]
    lines += ["", "| exit | AUC | per-user AUC |", "|---|---|---|"]
    for exit in exits:
        quality = (exit["quality"].get(key) for key in ("auc", "user_auc"))
        shown = " | ".join("-" if figure is None else f"{figure:.4f}" for figure in quality)
        lines.append(f"| {exit['encode']}/{exit['interact']} | {shown} |")
    lines += ["", "| weights | engine | exit | largest difference | top-10 agreement |", "|---|---|---|---|---|"]
    for precision, rows in summary["parity"].items():
        for row in rows:
            figures = f"{row['max_difference']:.2g} | {row['top10']:.3f}"
            lines.append(f"| {precision} | {row['engine']} | {row['exit']} | {figures} |")
    return "\n".join(lines) + "\n"
