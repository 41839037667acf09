"""What a bundle says about itself: its files, the exits' measured quality, and where it came from."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.bundle.archive import ArchiveLimits, refuse
from edge.bundle.weights.forms import FORMS
from edge.bundle.weights.holes import Hole
from edge.errors import EdgeError
from edge.runtime.cascade import parse_cascade

SCHEMA = "edge-ranker/bundle/4"
MANIFEST = "manifest.json"
MODEL_ENGINES = ("litert", "onnx", "coreml")
WEIGHTS = "weights.bin"
COMMON_SECTIONS = ("text", "vocabulary", "golden")
_COMMON = {"text.json": "text", "vocab.txt": "vocabulary", "golden.jsonl": "golden", WEIGHTS: "weights"}
BUNDLE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_REQUIRED: Mapping[str, type] = {
    "name": str, "model": dict, "exits": list, "golden": dict, "provenance": dict, "files": list
}  # fmt: skip
_SHAPE = {"layers": 1, "hidden": 1, "heads": 1, "handover": 0}  # key: least value


@dataclass(frozen=True)
class BundleFile:
    """One file of the bundle, as the manifest lists it: `bytes` and `sha256` are those of the whole file.

    Where it has `holes`, the archive holds what is between them, and the weights fill them at installation.
    """

    path: str
    bytes: int
    sha256: str
    section: str
    holes: tuple[Hole, ...] = ()

    @property
    def is_installed(self) -> bool:
        """The packed weights stay in the bundle: the models have them."""
        return self.section != "weights"


@dataclass(frozen=True)
class Exit:
    """Quality on the test split when scoring stops at `depth`; of all engines if `engine` is None."""

    depth: int
    plan: str  # attention plan: full, prefix or segments
    quality: Mapping[str, float]
    engine: str | None = None


def section_of(name: str) -> str | None:
    """The section a file belongs to, by its path; None if it has no place in a bundle."""
    for engine in MODEL_ENGINES:
        if name.startswith((f"models/{engine}.", f"models/{engine}/")):
            return f"model:{engine}"
    return _COMMON.get(name)


def parse_manifest(path: Path, data: bytes) -> dict[str, Any]:
    """The manifest of the bundle at `path`; refuses what is not one of this schema."""
    try:
        manifest = json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
        json.dumps(manifest, ensure_ascii=False).encode("utf-8")  # lone surrogates cannot be printed
    except (ValueError, RecursionError):
        refuse(path, f"{MANIFEST} is not valid JSON")
    if not isinstance(manifest, dict) or "schema" not in manifest:
        refuse(path, f"{MANIFEST} has no schema")
    if manifest["schema"] != SCHEMA:
        refuse(path, f"unknown schema {ascii(manifest['schema'])[:60]}, this version reads {SCHEMA!r}")
    for key, kind in _REQUIRED.items():
        if not isinstance(manifest.get(key), kind):
            refuse(path, f"{MANIFEST} has no {key!r} of type {kind.__name__}")
    if not BUNDLE_NAME.fullmatch(manifest["name"]):
        refuse(path, f"{MANIFEST}: the name must be up to 64 letters, digits, spaces, '.', '_' or '-'")
    for key, least in _SHAPE.items():
        if not _is_count(manifest["model"].get(key), least):
            refuse(path, f"{MANIFEST}: model.{key} must be an integer of {least} or more")
    if not _is_number(manifest["golden"].get("tolerance")):
        refuse(path, f"{MANIFEST}: golden.tolerance must be a finite number")
    if max(exit.depth for exit in parse_exits(path, manifest["exits"])) > manifest["model"]["layers"]:
        refuse(path, f"{MANIFEST} lists an exit deeper than the model")
    tolerances = manifest["golden"].get("tolerances", {})
    if not isinstance(tolerances, dict) or not all(map(_is_number, tolerances.values())):
        refuse(path, f"{MANIFEST}: golden.tolerances must map engines to finite numbers")
    _check_cascades(path, manifest.get("cascades", []))
    parse_files(path, manifest["files"])
    return manifest


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a key occurs twice")
    return values


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def parse_exits(path: Path, values: Sequence[Any]) -> tuple[Exit, ...]:
    """Of `[{"depth": 4, "plan": "prefix", "quality": {"auc": 0.76}}]`, and optionally "engine": "litert"."""
    exits = []
    for index, value in enumerate(values):
        where = f"{MANIFEST}: exits[{index}]"
        if not isinstance(value, dict) or not _is_count(value.get("depth"), least=1):
            refuse(path, f"{where} has no depth of 1 or more")
        plan, engine, quality = value.get("plan"), value.get("engine"), value.get("quality")
        if not isinstance(plan, str) or engine not in (None, *MODEL_ENGINES):
            refuse(path, f"{where} needs a plan, and a known engine if it names one")
        if not isinstance(quality, dict) or not all(_is_number(figure) for figure in quality.values()):
            refuse(path, f"{where}.quality must map metrics to finite numbers")
        exits.append(Exit(value["depth"], plan, quality, engine))
    if not exits:
        refuse(path, f"{MANIFEST} lists no exit")
    return tuple(exits)


def _check_cascades(path: Path, values: Any) -> None:
    if not isinstance(values, list):
        refuse(path, f"{MANIFEST}: cascades must be a list")
    for index, value in enumerate(values):
        try:
            parse_cascade(value)
        except EdgeError as error:
            refuse(path, f"{MANIFEST}: cascades[{index}]: {error.problem}")


def parse_files(path: Path, values: Sequence[Any]) -> tuple[BundleFile, ...]:
    """`[{"path": ..., "bytes": ..., "sha256": ..., "section": ...}, ...]`; those of models may have "holes"."""
    files = [_parse_file(path, f"{MANIFEST}: files[{index}]", value) for index, value in enumerate(values)]
    if len({file.path for file in files}) < len(files):
        refuse(path, f"{MANIFEST} lists a file twice")
    present = {file.section for file in files}
    missing = [section for section in COMMON_SECTIONS if section not in present]
    if missing or not any(section.startswith("model:") for section in present):
        refuse(path, f"{MANIFEST} lists no {missing[0] if missing else 'model'} file")
    if "weights" not in present and any(file.holes for file in files):
        refuse(path, f"{MANIFEST} lists holes, but no {WEIGHTS} to fill them")
    if sum(file.bytes for file in files) > ArchiveLimits.total_bytes:
        refuse(path, f"{MANIFEST} lists files of more than {ArchiveLimits.total_bytes:,} bytes")
    return tuple(files)


def _parse_file(path: Path, where: str, value: Any) -> BundleFile:
    if not isinstance(value, dict) or set(value) - {"holes"} != {"path", "bytes", "sha256", "section"}:
        refuse(path, f"{where} must have exactly path, bytes, sha256 and section, and perhaps holes")
    name, size, digest, section = (value[key] for key in ("path", "bytes", "sha256", "section"))
    if not isinstance(name, str) or section_of(name) is None or section_of(name) != section:
        refuse(path, f"{where}: {ascii(name)[:80]} does not belong to section {ascii(section)[:40]}")
    if not _is_count(size) or not isinstance(digest, str) or not _SHA256.fullmatch(digest):
        refuse(path, f"{where} needs a size in bytes and a SHA-256")
    holes = value.get("holes", [])
    if not isinstance(holes, list) or (holes and not section.startswith("model:")):
        refuse(path, f"{where}: only a model's file has holes")
    return BundleFile(name, size, digest, section, tuple(_parse_hole(path, where, hole) for hole in holes))


def _parse_hole(path: Path, where: str, value: Any) -> Hole:
    """Of `[offset, tensor, form]`."""
    if not isinstance(value, list) or len(value) != 3 or not _is_count(value[0]):
        refuse(path, f"{where}: a hole is [offset, tensor, form]")
    offset, tensor, form = value
    if not isinstance(tensor, str) or form not in FORMS:
        refuse(path, f"{where}: a hole needs a tensor's name and one of the forms {', '.join(FORMS)}")
    return Hole(offset, tensor, form)


def _is_count(value: Any, least: int = 0) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= ArchiveLimits.total_bytes


def _is_number(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    try:
        return number and math.isfinite(value)
    except OverflowError:  # an integer too large for a float
        return False
