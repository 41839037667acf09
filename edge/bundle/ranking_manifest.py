"""What a bundle of the ranking model says about itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from edge.bundle.archive import refuse
from edge.bundle.facts import check_facts
from edge.bundle.manifest import MANIFEST, check_tolerances, decode_manifest, parse_files
from edge.bundle.values import is_count, is_number
from edge.metrics import RANGES
from edge.text.number import MAX_NUMBERS
from edge.text.spec import MOST_SEGMENT_TOKENS

RANKING_SCHEMA = "edge-ranker/bundle/5"
VALUES = ("rating", "liked")  # attributes of an event that can be its value
STATIC = ("litert", "coreml")  # engines whose graphs have fixed shapes
MOST_SIGNATURES = 12
ENTRIES = {"embed": 1, "encode": 1, "summarise": 2, "append": 1, "score": 2}  # entry points, and sizes in their names
MOST_DEPTH, MOST_DEPTHS, MOST_WIDTH = 1_000, 16, 65_536
MOST_PLACES = 16_384
MOST_KEPT = 1 << 26  # numbers of a timeline's keys: a user takes twice as many, in float32
MOST_TEMPERATURE, MOST_OFFSET = 1_000.0, 1_000.0
_SHAPE = {
    "hidden": (1, MOST_WIDTH), "heads": (1, 1_000), "interact_layers": (0, MOST_DEPTH),
    "positions": (1, MOST_SEGMENT_TOKENS), "places": (1, MOST_PLACES), "numbers": (0, MAX_NUMBERS),
    "distances": (2, 1_024), "match_size": (1, MOST_WIDTH), "match_heads": (1, 1_000), "factors": (0, MOST_WIDTH),
    "vocabulary": (1, 1 << 30),
}  # fmt: skip


@dataclass(frozen=True)
class Calibration:
    """The chance of a like is the sigmoid of logit / temperature + offset."""

    temperature: float
    offset: float

    def chance(self, logit: float) -> float:
        return self.chances(np.array([logit]))[0]

    def chances(self, logits: np.ndarray) -> list[float]:
        """In doubles; a greater logit never has a smaller chance."""
        calibrated = logits.astype(np.float64) / self.temperature + self.offset
        powers = np.array([*map(math.exp, (-np.abs(calibrated)).tolist())])  # at most 1, whatever the logit
        found: list[float] = (np.where(calibrated < 0, powers, 1.0) / (1.0 + powers)).tolist()
        return found


@dataclass(frozen=True)
class RankingExit:
    """Quality on the test split after so many encode and interact layers; no calibration where scores are ranks."""

    encode: int
    interact: int
    quality: Mapping[str, float]
    calibration: Calibration | None = None


def parse_ranking_manifest(path: Path, data: bytes) -> dict[str, Any]:
    """The manifest of the bundle at `path`; refuses what is not one of this schema, or that no model can have."""
    manifest = decode_manifest(path, data, RANKING_SCHEMA)
    model = manifest["model"]
    _check_shape(path, model)
    parse_ranking_exits(path, manifest["exits"], model)
    _check_buckets(path, manifest.get("buckets"))
    check_tolerances(path, manifest["golden"])
    check_facts(path, manifest)
    carried = {file.section for file in parse_files(path, manifest["files"])}
    for engine in STATIC:
        if f"model:{engine}" in carried and engine not in manifest["buckets"]:
            refuse(path, f"{MANIFEST} lists a model of {engine}, but no buckets of it")
    return manifest


def parse_ranking_exits(path: Path, values: Sequence[Any], model: Mapping[str, Any]) -> tuple[RankingExit, ...]:
    """Of `[{"encode": 1, "interact": 2, "quality": {"auc": 0.8}, "calibration": {"temperature": 1, "offset": 0}}]`.

    Refuses a list that the model, checked before, cannot have; it has the deepest exit.
    """
    encode_depths, interact_layers = model["encode_depths"], model["interact_layers"]
    exits = tuple(_parse_exit(path, f"{MANIFEST}: exits[{index}]", value) for index, value in enumerate(values))
    listed = [(exit.encode, exit.interact) for exit in exits]
    for encode, interact in listed:
        if encode not in encode_depths or interact > interact_layers:
            refuse(path, f"{MANIFEST} lists an exit {encode}/{interact}, which the model does not have")
    if len(set(listed)) < len(listed):
        refuse(path, f"{MANIFEST} lists an exit twice")
    if (encode_depths[-1], interact_layers) not in listed:
        refuse(path, f"{MANIFEST} does not list the deepest exit, {encode_depths[-1]}/{interact_layers}")
    return exits


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


def _parse_exit(path: Path, where: str, value: Any) -> RankingExit:
    if not isinstance(value, dict) or not all(
        is_count(value.get(key), 0, MOST_DEPTH) for key in ("encode", "interact")
    ):
        refuse(path, f"{where} needs two depths, encode and interact, from 0 to {MOST_DEPTH:,}")
    quality, calibration = value.get("quality"), value.get("calibration")
    if not isinstance(quality, dict) or not all(map(is_number, quality.values())):
        refuse(path, f"{where}.quality must map metrics to finite numbers")
    for metric, figure in quality.items():
        least, most = RANGES.get(metric, (figure, figure))
        if not least <= figure <= most:
            refuse(path, f"{where}.quality: {ascii(metric)[:40]} must be from {least:g} to {most:g}, it is {figure:g}")
    found = None if calibration is None else _parse_calibration(path, f"{where}.calibration", calibration)
    return RankingExit(value["encode"], value["interact"], quality, found)


def _parse_calibration(path: Path, where: str, value: Any) -> Calibration:
    if not isinstance(value, dict):
        refuse(path, f"{where} must be an object of temperature and offset, or absent")
    temperature: Any = value.get("temperature")
    offset: Any = value.get("offset")
    if not is_number(temperature) or not 0 < temperature <= MOST_TEMPERATURE:
        refuse(path, f"{where}.temperature must be a number above 0, at most {MOST_TEMPERATURE:g}")
    if not is_number(offset) or abs(offset) > MOST_OFFSET:
        refuse(path, f"{where}.offset must be a number from {-MOST_OFFSET:g} to {MOST_OFFSET:g}")
    return Calibration(float(temperature), float(offset))


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
