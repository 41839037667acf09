"""What every request of a ranker computes with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge.bundle.exits import MeasuredExit
from edge.engines.protocol import Engine
from edge.runtime.costs import Costs
from edge.runtime.user_timeline import Reading


@dataclass(frozen=True)
class Model:
    """An opened bundle on one engine."""

    engine: Engine
    reading: Reading
    costs: Costs
    exits: tuple[MeasuredExit, ...]
    weights: str = ""  # the SHA-256 of the packed weights, if the bundle has them
    directory: Path | None = None  # where the bundle is installed
