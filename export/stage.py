"""Stage "ranker-export": a ranking model as LiteRT, ONNX and Core ML files, compared with torch, in one bundle."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cloud.runs.directory import Run, Stage
from cloud.runs.target import Target, Workspace
from cloud.stage import check_same_data
from compress.graph import model_shape
from compress.pruned import STAGE as PRUNED
from compress.quantised import STAGES as QUANTISED
from compress.windows import check_for_phones
from distill.student import STAGE as STUDENT
from edge.bundle.bundle import open_bundle
from edge.bundle.sizes import bundle_sizes, parts
from edge.config import settings_in, to_dict
from edge.conformance.verify import verify_bundle
from edge.errors import EdgeError
from edge.files import strict_json, write_atomically
from export.bundle import bundle_student, make_manifest, precision_of
from export.card import Card, card_markdown
from export.exporting import Exporting, load_model, places_of
from export.one_layer import require_one_layer
from export.progress import step
from export.report import report_markdown
from export.settings import RankerExportConfig, require_writers

CARD = "model-card.md"
RANKER_EXPORT = Stage("ranker-export", 5, ("models/", "plain/", "*.edge", "report.md", CARD))
SOURCES = (*QUANTISED.values(), PRUNED, STUDENT)  # stages whose models become bundles


def export_ranker(
    prepared: Run,
    source: Run,
    out: Path,
    config: RankerExportConfig,
    restart: bool = False,
    rivals: Run | None = None,
) -> Run:
    """Write the bundle NAME.edge; refuse a model file that does not answer golden requests as torch does.

    How near each engine is to torch on test requests stands in the summary and the report. The model card compares the
    model with `rivals`, measured on the rows of `prepared`.
    """
    require_writers()
    beside = [rivals] if rivals else []
    check_same_data(prepared, source, *beside)
    check_for_phones(source)
    places = places_of(source)
    facts = {"shape": source.config["shape"], "places": places, "precision": precision_of(source)}
    target = Target(out, RANKER_EXPORT, [prepared, source, *beside], to_dict(config), facts, restart)
    if not target.finished():
        shape = load_model(source).shape
        require_one_layer(shape)
        with settings_in("buckets"):
            config.buckets.signatures(model_shape(shape, places))
        with target.writing() as workspace:
            _export(Exporting.of(prepared, source, config), prepared, source, workspace)
            step("model card")
            card = Card(prepared, source, rivals, workspace.summary, places)
            write_atomically(workspace.path / CARD, card_markdown(card))
    return Run.open(out, RANKER_EXPORT.name)


def bundle_of(run: Run) -> Path:
    """The bundle of a finished export."""
    return run.path / f"{run.config['name']}.edge"


def _export(exporting: Exporting, prepared: Run, source: Run, workspace: Workspace) -> None:
    config, models = exporting.config, workspace.path / "models"
    step(f"writing models of {', '.join(config.engines)}")
    exporting.write(models, config.engines)
    goldens = exporting.goldens()
    step("comparing golden requests with torch")
    parity = {exporting.precision: exporting.compare(models, goldens, config.engines)}
    step("plain files")
    plain = workspace.path / "plain"
    parity["one call"] = exporting.compare_plain(plain, goldens)
    step("comparing test requests with torch")
    rows = {exporting.precision: exporting.compare_rows(models, config.engines)}
    if exporting.precision != "float32":
        step("comparing both in float")
        floats, folder = exporting.in_float, workspace.scratch / "float"
        floats.write(folder)
        parity["float32"], rows["float32"] = floats.compare(folder, floats.goldens()), floats.compare_rows(folder)
    path = workspace.path / f"{config.name}.edge"
    manifest = make_manifest(config, exporting.model, prepared, source, exporting.places)
    texts = {name: prepared.file(name) for name in ("text.json", "vocab.txt")}
    bundle_student(path, exporting.model, texts, goldens, models, manifest)
    described = {name: [asdict(row) for row in compared] for name, compared in rows.items()}
    found = {"parity": parity, "rows": described, "verified": _verified(path, workspace)} | _bytes(path)
    found["plain"] = {path.name: _size(path) for path in sorted(plain.iterdir())}
    workspace.summary |= strict_json(found | {"exits": manifest["exits"], "runtimes": manifest["runtimes"]})
    workspace.dataset, workspace.protocol = dict(source.manifest["dataset"]), str(source.manifest["protocol"])
    write_atomically(workspace.path / "report.md", report_markdown(workspace.summary, workspace.protocol))


def _verified(path: Path, workspace: Workspace) -> list[dict[str, Any]]:
    """The bundle as it was written, replayed on every engine. Errors: it does not reproduce a golden request."""
    step("verifying the bundle")
    cache = workspace.scratch / "installed"
    verified = verify_bundle(path, ["reference", *open_bundle(path).engines], cache=cache)
    shutil.rmtree(cache)
    if not verified.passed:
        wrong = [f"{row.engine} at exit {row.exit}: {row.max_difference:.3g}" for row in verified.results]
        raise EdgeError(f"{path.name} does not reproduce its golden requests", evidence="; ".join(wrong))
    return [asdict(row) for row in verified.results]


def _size(path: Path) -> int:
    """Bytes of a file, or of all in a package."""
    files = [path] if path.is_file() else [part for part in path.rglob("*") if part.is_file()]
    return sum(file.stat().st_size for file in files)


def _bytes(path: Path) -> dict[str, Any]:
    """Of the bundle, of what each engine takes of it, and of its parts."""
    bundle = open_bundle(path)
    whole = {"file": path.name, "bytes": bundle.archive.bytes, "sha256": bundle.sha256}
    sizes = {name: asdict(bundle_sizes(bundle, name)) for name in bundle.engines}
    return {"bundle": whole, "sizes": sizes, "parts": [asdict(part) for part in parts(bundle, None)]}
