"""What a bundle of a model over tokens says about itself: no bundle of it is opened any more."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from edge.bundle.archive import refuse
from edge.bundle.cascade import parse_cascade
from edge.bundle.exits import parse_exits
from edge.bundle.facts import check_facts
from edge.bundle.manifest import MANIFEST, check_tolerances, decode_manifest, parse_files
from edge.bundle.shape import Shape
from edge.bundle.values import is_count
from edge.errors import EdgeError

SCHEMA = "edge-ranker/bundle/4"
TABLES = ("vocabulary", "positions", "slots")  # rows of the model's embeddings
_SHAPE = {"layers": (1, 1_000), "hidden": (1, 65_536), "heads": (1, 1_000), "handover": (0, 1_000)}  # least and most


def parse_manifest(path: Path, data: bytes) -> dict[str, Any]:
    """The manifest of the bundle at `path`; refuses what is not one of this schema, or that no model can have."""
    manifest = decode_manifest(path, data, SCHEMA)
    _check_shape(path, manifest["model"])
    exits = parse_exits(path, manifest["exits"], manifest["model"]["layers"], manifest["model"]["handover"])
    check_tolerances(path, manifest["golden"])
    _check_cascades(path, manifest.get("cascades", []), {exit.depth for exit in exits if exit.plan == "prefix"})
    check_facts(path, manifest)
    parse_files(path, manifest["files"])
    return manifest


def shape_of(manifest: Mapping[str, Any]) -> Shape:
    """Of the model, from a manifest that was checked."""
    return Shape(**{key: manifest["model"][key] for key in _SHAPE})


def _check_shape(path: Path, model: Mapping[str, Any]) -> None:
    for key, (least, most) in _SHAPE.items():
        if not is_count(model.get(key), least, most):
            refuse(path, f"{MANIFEST}: model.{key} must be an integer from {least} to {most:,}")
    if model["hidden"] % model["heads"]:
        refuse(path, f"{MANIFEST}: {model['heads']} heads do not divide a hidden size of {model['hidden']}")
    if model["handover"] >= model["layers"]:
        refuse(path, f"{MANIFEST}: a hand-over at {model['handover']} leaves none of {model['layers']} layers after it")


def _check_cascades(path: Path, values: Any, exits: Collection[int]) -> None:
    """`exits`: the depths of the prefix plan's, whose candidates a cascade lets stop; at the deepest all have."""
    if not isinstance(values, list):
        refuse(path, f"{MANIFEST}: cascades must be a list")
    tops = []
    for index, value in enumerate(values):
        try:
            cascade = parse_cascade(value)
        except EdgeError as error:
            refuse(path, f"{MANIFEST}: cascades[{index}]: {error.problem}")
        for depth in cascade.margins:
            if depth not in exits or depth == max(exits):
                refuse(path, f"{MANIFEST}: cascades[{index}] has a margin of {depth}, where no candidate can stop")
        tops.append(cascade.top)
    if len(set(tops)) < len(tops):
        refuse(path, f"{MANIFEST} lists two cascades of one top")


def tables_of(manifest: Mapping[str, Any]) -> Mapping[str, int]:
    """The rows of the model's embeddings, as far as a manifest that was checked names them."""
    return {name: manifest["model"][name] for name in TABLES if name in manifest["model"]}
