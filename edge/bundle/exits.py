"""The exits of a bundle: where scores are taken, and what its manifest says that each is worth."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from edge.arguments import shown
from edge.bundle.archive import refuse
from edge.bundle.listing import MANIFEST
from edge.bundle.values import is_count, is_number
from edge.errors import EdgeError
from edge.metrics import RANGES

MOST_DEPTH = 1_000
MOST_TEMPERATURE, MOST_OFFSET = 1_000.0, 1_000.0
AS_WRITTEN = 'write encode depth and interact depth: "1/2"'
VALIDATION_AUC = "validation_auc"  # in an exit's quality, which is otherwise of the test split
_RANGES = {**RANGES, VALIDATION_AUC: RANGES["auc"]}
_WRITTEN = re.compile(r"(0|[1-9][0-9]{0,3})/(0|[1-9][0-9]{0,3})")  # 01/2 would be exit 1/2 once more


@dataclass(frozen=True, order=True)
class Exit:
    """A pair of depths at which scores are computed: how often the layer is applied to texts, and to entries.

    Exits are ordered by encode depth, then by interact depth; `str` gives "1/2".
    """

    encode: int
    interact: int

    def __str__(self) -> str:
        return f"{self.encode}/{self.interact}"

    @staticmethod
    def parse(text: str, what: str) -> Exit:
        """Of "1/2". Errors, about `what`: anything else."""
        depths = _WRITTEN.fullmatch(text)
        if depths is None:
            raise EdgeError(f"{what} is {shown(text)}, which is not an exit", fix=AS_WRITTEN)
        return Exit(int(depths[1]), int(depths[2]))


@dataclass(frozen=True)
class Calibration:
    """The chance of a like is the sigmoid of logit / temperature + offset."""

    temperature: float
    offset: float

    def chance(self, logit: float) -> float:
        """The probability of a like, from 0 to 1, for one logit."""
        return self.chances(np.array([logit]))[0]

    def chances(self, logits: np.ndarray) -> list[float]:
        """In doubles; a greater logit never has a smaller chance."""
        calibrated = logits.astype(np.float64) / self.temperature + self.offset
        powers = np.array([*map(math.exp, (-np.abs(calibrated)).tolist())])  # at most 1, whatever the logit
        found: list[float] = (np.where(calibrated < 0, powers, 1.0) / (1.0 + powers)).tolist()
        return found


@dataclass(frozen=True)
class MeasuredExit:
    """Quality on the test split, but for VALIDATION_AUC; no calibration where scores are ranks."""

    exit: Exit
    quality: Mapping[str, float] = field(default_factory=dict)
    calibration: Calibration | None = None

    @property
    def auc(self) -> float | None:
        """Of test rows; None if it was not measured."""
        return self.quality.get("auc")

    @property
    def order(self) -> tuple[float, Exit]:
        """By which the best of several exits is the greatest: by validation rows, so that test rows choose nothing."""
        return self.quality.get(VALIDATION_AUC, self.quality.get("auc", -1.0)), self.exit


def parse_exits(path: Path, values: Sequence[Any], model: Mapping[str, Any]) -> tuple[MeasuredExit, ...]:
    """Of `[{"encode": 1, "interact": 2, "quality": {"auc": 0.8}, "calibration": {"temperature": 1, "offset": 0}}]`,
    ascending.

    Refuses a list that the model, checked before, cannot have; it has the deepest exit.
    """
    encode_depths, interact_layers = model["encode_depths"], model["interact_layers"]
    exits = [_parse_exit(path, f"{MANIFEST}: exits[{index}]", value) for index, value in enumerate(values)]
    listed = {one.exit for one in exits}
    for exit in listed:
        if exit.encode not in encode_depths or exit.interact > interact_layers:
            refuse(path, f"{MANIFEST} lists an exit {exit}, which the model does not have")
    if len(listed) < len(exits):
        refuse(path, f"{MANIFEST} lists an exit twice")
    deepest = Exit(encode_depths[-1], interact_layers)
    if deepest not in listed:
        refuse(path, f"{MANIFEST} does not list the deepest exit, {deepest}")
    return tuple(sorted(exits, key=lambda one: one.exit))


def _parse_exit(path: Path, where: str, value: Any) -> MeasuredExit:
    if not isinstance(value, dict) or not all(
        is_count(value.get(key), 0, MOST_DEPTH) for key in ("encode", "interact")
    ):
        refuse(path, f"{where} needs two depths, encode and interact, from 0 to {MOST_DEPTH:,}")
    quality, calibration = value.get("quality"), value.get("calibration")
    if not isinstance(quality, dict) or not all(map(is_number, quality.values())):
        refuse(path, f"{where}.quality must map metrics to finite numbers")
    for metric, figure in quality.items():
        least, most = _RANGES.get(metric, (figure, figure))
        if not least <= figure <= most:
            refuse(path, f"{where}.quality: {ascii(metric)[:40]} must be from {least:g} to {most:g}, it is {figure:g}")
    found = None if calibration is None else _parse_calibration(path, f"{where}.calibration", calibration)
    return MeasuredExit(Exit(value["encode"], value["interact"]), quality, found)


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
