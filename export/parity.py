"""Proof that the files of a ranking model answer golden requests as torch does, at every exit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from cloud.ranking.model import RankingModel
from compress.graph import model_shape
from edge.bundle.exits import Exit
from edge.config import setting
from edge.conformance.golden import Golden, make_golden
from edge.conformance.verify import Agreement, check_logits, compared
from edge.engines.opening import open_engine
from edge.engines.reference import ReferenceEngine
from edge.errors import EdgeError
from edge.runtime.user_timeline import Reading
from edge.text.types import Request
from export.torch_logits import TorchEngine


def parameters_of(model: RankingModel) -> dict[str, np.ndarray]:
    """Every parameter by name, as a bundle packs it: a single number is a row of one."""
    return {name: np.atleast_1d(tensor.cpu().numpy()) for name, tensor in model.state_dict().items()}


def exits_of(model: RankingModel) -> list[Exit]:
    """Ascending."""
    shape = model.shape
    return [Exit(encode, interact) for encode in shape.encode_depths for interact in shape.interact_depths]


def make_goldens(
    model: RankingModel, reading: Reading, requests: Sequence[tuple[str, Request]], places: int
) -> list[Golden]:
    """The reference's answers to (id, request); `places`: of the longest timeline."""
    reference = ReferenceEngine(parameters_of(model), model_shape(model.shape, places))
    exits = exits_of(model)
    return [make_golden(reference, reading, id, request, exits) for id, request in requests]


def compare_engines(
    model: RankingModel,
    reading: Reading,
    models: Path,
    goldens: Sequence[Golden],
    places: int,
    tolerances: Mapping[str, float],
) -> list[dict[str, Any]]:
    """One row per engine and exit, torch among them; an error if one differs too much. `tolerances`: of each engine to
    compare, and of torch."""
    exits: Collection[Exit] = exits_of(model)
    torch = TorchEngine(model, reading, places)
    rows = compared("torch", tolerances["torch"], goldens, (torch.logits(golden, exits) for golden in goldens))
    for name, tolerance in tolerances.items():
        if name != "torch":
            engine = open_engine(name, models, model_shape(model.shape, places))
            rows += check_logits(engine, reading, goldens, name, tolerance)
            engine.close()
    check_rows(rows)
    return [asdict(row) for row in rows]


def check_rows(rows: Sequence[Agreement]) -> None:
    """Refuse an export in which an engine differs from the reference by more than its tolerance."""
    wrong = [row for row in rows if not row.passed]
    if wrong:
        worst = max(wrong, key=lambda row: row.max_difference)
        settings = " or ".join(setting(f"{kind}_tolerance") for kind in ("float", "integer", "coreml"))
        raise EdgeError(
            f"{worst.engine} differs from the reference by {worst.max_difference:.3g} at exit {worst.exit}",
            evidence=f"{len(wrong)} of {len(rows)} comparisons are beyond the tolerance of {worst.tolerance:g}",
            fix=f"if that is a rounding error, raise {settings}",
        )
