"""Whether every engine ranks the test rows of a prepared run as torch does, at every exit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cloud.data.moments import user_rows
from cloud.data.rows import Prepared
from cloud.ranking.measure import scores_of
from cloud.ranking.model import RankingModel
from edge.engines.protocol import Engine
from edge.metrics import auc, top_overlap
from export.row_logits import engine_logits
from export.screens import Screens
from export.settings import ParityLimits


@dataclass(frozen=True)
class RowParity:
    """One engine and exit beside torch; `reference` says which torch. The AUCs, of the engine and of torch, are None
    where the rows have one label alone."""

    engine: str
    exit: str
    reference: str
    requests: int
    rows: int
    max_difference: float
    mean_difference: float
    top10: float
    auc: float | None
    torch_auc: float | None
    passed: bool


@dataclass(frozen=True)
class TorchAnswers:
    """What torch answers to screens: by encode depth, logits (interact depth, candidate). `called`: which torch."""

    screens: Screens
    logits: Mapping[int, np.ndarray]
    called: str

    @classmethod
    def of(cls, model: RankingModel, screens: Screens, called: str) -> TorchAnswers:
        """The logits of the torch model for the rows of the screens, at every exit."""
        timelines, rows, windows = screens.timelines, screens.rows, screens.windows
        found = {
            depth: scores_of(model, timelines, rows, depth, "torch on test requests", windows)
            for depth in model.shape.encode_depths
        }
        return cls(screens, found, called)


def compare_rows(
    name: str,
    engine: Engine,
    prepared: Prepared,
    torch: TorchAnswers,
    limits: ParityLimits,
    tolerance: float,
) -> list[RowParity]:
    """A row per exit. `torch` rounds as the engine does."""
    found = list[RowParity]()
    for depth, wanted in torch.logits.items():
        answers = engine_logits(engine, prepared, torch.screens, depth, name)
        for interact, logits in enumerate(answers):
            figures = _figures(logits, wanted[interact], prepared, torch.screens)
            count, passed = len(torch.screens.windows), passes(figures, limits, tolerance)
            found.append(RowParity(name, f"{depth}/{interact}", torch.called, count, **figures, passed=passed))
    return found


def _figures(logits: np.ndarray, wanted: np.ndarray, prepared: Prepared, screens: Screens) -> dict[str, Any]:
    labels, users = (prepared.column(name)[screens.rows] for name in ("label", "user"))
    differences = np.abs(logits - wanted)
    overlaps = [top_overlap(wanted[first:end], logits[first:end]) for first, end in user_rows(users)]
    aucs = (auc(scores, labels) if np.isfinite(scores).all() else math.nan for scores in (logits, wanted))
    own, others = (None if math.isnan(figure) else figure for figure in aucs)
    return {
        "rows": len(labels),
        "max_difference": float(differences.max()),
        "mean_difference": float(differences.mean()),
        "top10": float(np.mean(overlaps)),
        "auc": own,
        "torch_auc": others,
    }


def passes(figures: Mapping[str, Any], limits: ParityLimits, tolerance: float) -> bool:
    """Of an engine at one exit. A logit that is no number passes nowhere."""
    own, torch = figures["auc"], figures["torch_auc"]
    alike = torch is None or (own is not None and round(abs(own - torch), 9) <= limits.auc)  # not for a last bit
    return figures["max_difference"] <= tolerance and figures["top10"] >= limits.top10 and alike
