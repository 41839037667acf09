"""What every request of a ranker computes with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge.bundle.exits import Calibration, Exit
from edge.engines.protocol import Engine
from edge.runtime.costs import Costs
from edge.runtime.user_timeline import Reading


@dataclass(frozen=True)
class Model:
    """An opened bundle on one engine; `exits` have the AUC measured when it was made, if it was."""

    engine: Engine
    reading: Reading
    costs: Costs
    exits: Mapping[Exit, float | None]
    calibrations: Mapping[Exit, Calibration | None] = field(default_factory=dict)
    weights: str = ""  # the SHA-256 of the packed weights, if the bundle has them
    directory: Path | None = None  # where the bundle is installed
