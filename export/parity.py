"""Proof that the files of a ranking model answer golden requests as torch does, at every exit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from cloud.ranking.model import RankingModel
from compress.graph import ranking_graph
from edge.config import setting
from edge.conformance.golden import RankingGolden, make_ranking_golden
from edge.conformance.verify import RankingResult, check_logits, compared
from edge.engines.opening import open_ranking_engine
from edge.engines.reference import ReferenceRanking
from edge.errors import EdgeError
from edge.runtime.choice import Exit
from edge.runtime.user_timeline import Reading
from edge.text.types import Request
from export.torch_logits import TorchRanking


def ranking_parameters(model: RankingModel) -> dict[str, np.ndarray]:
    """Every parameter by name, as a bundle packs it: a single number is a row of one."""
    return {name: np.atleast_1d(tensor.cpu().numpy()) for name, tensor in model.state_dict().items()}


def exits_of(model: RankingModel) -> list[Exit]:
    """Ascending."""
    shape = model.shape
    return [Exit(encode, interact) for encode in shape.encode_depths for interact in shape.interact_depths]


def make_ranking_goldens(
    model: RankingModel, reading: Reading, requests: Sequence[tuple[str, Request]], places: int
) -> list[RankingGolden]:
    """The reference's answers to (id, request); `places`: of the longest timeline."""
    reference = ReferenceRanking(ranking_parameters(model), ranking_graph(model.shape, places))
    exits = exits_of(model)
    return [make_ranking_golden(reference, reading, id, request, exits) for id, request in requests]


def compare_ranking_engines(
    model: RankingModel,
    reading: Reading,
    models: Path,
    goldens: Sequence[RankingGolden],
    places: int,
    tolerances: Mapping[str, float],
) -> list[dict[str, Any]]:
    """One row per engine and exit, torch among them; an error if one of them is off. `tolerances`: of each engine to
    compare, and of torch."""
    exits: Collection[Exit] = exits_of(model)
    torch = TorchRanking(model, reading, places)
    rows = compared("torch", tolerances["torch"], goldens, (torch.logits(golden, exits) for golden in goldens))
    for name, tolerance in tolerances.items():
        if name != "torch":
            engine = open_ranking_engine(name, models, ranking_graph(model.shape, places))
            rows += check_logits(engine, reading, goldens, name, tolerance)
            engine.close()
    check_rows(rows)
    return [asdict(row) for row in rows]


def check_rows(rows: Sequence[RankingResult]) -> None:
    wrong = [row for row in rows if not row.passed]
    if wrong:
        worst = max(wrong, key=lambda row: row.max_difference)
        settings = " or ".join(setting(f"{kind}_tolerance") for kind in ("float", "integer", "coreml"))
        raise EdgeError(
            f"{worst.engine} differs from the reference by {worst.max_difference:.3g} at exit {worst.exit}",
            evidence=f"{len(wrong)} of {len(rows)} comparisons are beyond the tolerance of {worst.tolerance:g}",
            fix=f"if that is a rounding error, raise {settings}",
        )
