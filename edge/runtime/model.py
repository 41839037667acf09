"""What every request of a ranker computes with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge.bundle.ranking_manifest import Calibration
from edge.engines.protocol import RankingEngine
from edge.runtime.choice import Exit
from edge.runtime.costs import RankingCosts
from edge.runtime.user_timeline import Reading


@dataclass(frozen=True)
class Model:
    """An opened bundle on one engine; `exits` have the AUC measured when it was made, if it was."""

    engine: RankingEngine
    reading: Reading
    costs: RankingCosts
    exits: Mapping[Exit, float | None]
    calibrations: Mapping[Exit, Calibration | None] = field(default_factory=dict)
    weights: str = ""  # the SHA-256 of the packed weights, if the bundle has them
    directory: Path | None = None  # where the bundle is installed
