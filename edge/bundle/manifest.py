"""What a bundle says about itself: its model's shape, graphs and exits, and how exact they are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from edge.bundle.archive import refuse
from edge.bundle.exits import MOST_DEPTH, parse_exits
from edge.bundle.facts import check_facts
from edge.bundle.listing import MANIFEST, parse_files
from edge.bundle.values import is_count, is_number
from edge.files import parse_strictly
from edge.text.number import MAX_NUMBERS
from edge.text.spec import MOST_SEGMENT_TOKENS

SCHEMA = "edge-ranker/bundle/6"
VALUES = ("rating", "liked")  # attributes of an event that can be its value
STATIC = ("litert", "coreml")  # engines whose graphs have fixed shapes
MOST_SIGNATURES = 12
ENTRIES = {"embed": 1, "encode": 1, "summarise": 2, "append": 1, "score": 2}  # entry points, and sizes in their names
MOST_DEPTHS, MOST_WIDTH = 16, 65_536
MOST_PLACES = 16_384
MOST_KEPT = 1 << 26  # numbers of a timeline's keys: a user takes twice as many, in float32
_SHAPE = {
    "hidden": (1, MOST_WIDTH), "heads": (1, 1_000), "interact_layers": (0, MOST_DEPTH),
    "positions": (1, MOST_SEGMENT_TOKENS), "places": (1, MOST_PLACES), "numbers": (0, MAX_NUMBERS),
    "distances": (2, 1_024), "match_size": (1, MOST_WIDTH), "match_heads": (1, 1_000), "factors": (0, MOST_WIDTH),
    "vocabulary": (1, 1 << 30),
}  # fmt: skip
BUNDLE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}")
OLDER = "train and export the model again with this version: edge run --help"
NEWER = "install a newer version of edge-ranker, or export the bundle again with this one"
_NUMBERED = re.compile(r"edge-ranker/bundle/([1-9][0-9]{0,3})")
_REQUIRED: Mapping[str, type] = {
    "name": str, "model": dict, "exits": list, "golden": dict, "provenance": dict, "files": list
}  # fmt: skip
LARGEST_TOLERANCE = 10.0  # in logits; no two scores that far apart agree


def parse_manifest(path: Path, data: bytes) -> dict[str, Any]:
    """The manifest of the bundle at `path`; refuses what is not one of this schema, or that no model can have."""
    manifest = _decoded(path, data)
    model = manifest["model"]
    _check_shape(path, model)
    parse_exits(path, manifest["exits"], model)
    _check_buckets(path, manifest.get("buckets"))
    _check_tolerances(path, manifest["golden"])
    check_facts(path, manifest)
    carried = {file.section for file in parse_files(path, manifest["files"])}
    for engine in STATIC:
        if f"model:{engine}" in carried and engine not in manifest["buckets"]:
            refuse(path, f"{MANIFEST} lists a model of {engine}, but no buckets of it")
    return manifest


def _decoded(path: Path, data: bytes) -> dict[str, Any]:
    """With sections of their types, and a name."""
    try:
        manifest = parse_strictly(data)
    except (ValueError, RecursionError):
        refuse(path, f"{MANIFEST} is not valid JSON")
    if not isinstance(manifest, dict) or "schema" not in manifest:
        refuse(path, f"{MANIFEST} has no schema")
    _check_schema(path, manifest["schema"])
    for key, kind in _REQUIRED.items():
        if not isinstance(manifest.get(key), kind):
            refuse(path, f"{MANIFEST} has no {key!r} of type {kind.__name__}")
    if not BUNDLE_NAME.fullmatch(manifest["name"]):
        refuse(path, f"{MANIFEST}: the name must be up to 64 letters, digits, spaces, '.', '_' or '-'")
    return manifest


def _check_schema(path: Path, found: Any) -> None:
    """Refuse another schema; what helps depends on which of the two is older."""
    if found == SCHEMA:
        return
    numbered = _NUMBERED.fullmatch(found) if isinstance(found, str) else None
    if numbered is None:
        refuse(path, f"unknown schema {ascii(found)[:60]}, this version reads {SCHEMA!r}")
    older = int(numbered[1]) < int(SCHEMA.rpartition("/")[2])
    refuse(path, f"its schema is {found!r}, this version reads {SCHEMA!r} alone", fix=OLDER if older else NEWER)


def _check_shape(path: Path, model: Mapping[str, Any]) -> None:
    for key, (least, most) in _SHAPE.items():
        if not is_count(model.get(key), least, most):
            refuse(path, f"{MANIFEST}: model.{key} must be an integer from {least} to {most:,}")
    depths = model.get("encode_depths")
    if not isinstance(depths, list) or not 1 <= len(depths) <= MOST_DEPTHS or not _ascend(depths):
        refuse(path, f"{MANIFEST}: model.encode_depths must be ascending integers from 0 to {MOST_DEPTH:,}")
    if model["hidden"] % model["heads"]:
        refuse(path, f"{MANIFEST}: {model['heads']} heads do not divide a hidden size of {model['hidden']}")
    if model["interact_layers"] * model["hidden"] * model["places"] > MOST_KEPT:
        refuse(path, f"{MANIFEST}: a timeline of {model['places']:,} places would take too much memory")
    if model.get("value") not in VALUES:
        refuse(path, f"{MANIFEST}: model.value must be one of {', '.join(VALUES)}")


def _ascend(depths: Sequence[Any]) -> bool:
    return all(is_count(depth, 0, MOST_DEPTH) for depth in depths) and all(low < high for low, high in pairwise(depths))


def _check_buckets(path: Path, buckets: Any) -> None:
    """`{"litert": ["embed_128", "score_2_64", ...]}`: the graphs of each engine whose shapes are fixed."""
    if not isinstance(buckets, dict) or not set(buckets) <= {*STATIC}:
        refuse(path, f"{MANIFEST}: buckets must be an object from {', '.join(STATIC)}, or some of them, to names")
    for engine, names in buckets.items():
        if not isinstance(names, list) or not 1 <= len(names) <= MOST_SIGNATURES or not all(map(_is_bucket, names)):
            refuse(path, f"{MANIFEST}: buckets.{engine} must be 1 to {MOST_SIGNATURES} names like 'encode_64'")
        if len(set(names)) < len(names):
            refuse(path, f"{MANIFEST}: buckets.{engine} lists a name twice")


def _is_bucket(name: Any) -> bool:
    if not isinstance(name, str) or len(name) > 64:
        return False
    entry, *sizes = name.split("_")
    return ENTRIES.get(entry) == len(sizes) and all(map(_is_size, sizes))


def _is_size(text: str) -> bool:
    """One way to write it."""
    return text.isascii() and text.isdigit() and (text == "0" or text[0] != "0")


def _check_tolerances(path: Path, golden: Mapping[str, Any]) -> None:
    """With a negative one nothing passes, with a huge one everything does."""
    if not _is_tolerance(golden.get("tolerance")):
        refuse(path, f"{MANIFEST}: golden.tolerance must be a finite number from 0 to {LARGEST_TOLERANCE:g}")
    tolerances = golden.get("tolerances", {})
    if not isinstance(tolerances, dict) or not all(map(_is_tolerance, tolerances.values())) or "" in tolerances:
        refuse(path, f"{MANIFEST}: golden.tolerances must map engines to numbers from 0 to {LARGEST_TOLERANCE:g}")


def _is_tolerance(value: Any) -> bool:
    return is_number(value) and 0 <= value <= LARGEST_TOLERANCE
