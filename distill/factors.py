"""What a student's summaries of items learn of collaborative filtering: factors whose products are likenesses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from cloud.data.collaborative import item_factors
from cloud.data.rows import Prepared
from cloud.ranking.cloud_numbers import CollaborativeNumber
from cloud.ranking.model import RankingModel


@dataclass(frozen=True)
class FactorTargets:
    """`of_text`: (text, factor) in units of their spread, items before users; NaN where there are none to learn."""

    of_text: Tensor
    unit: float

    def of_sources(self, sources: NDArray[np.int64]) -> Tensor:
        """(variant, factor) of texts that are variants of others; -1: of no single one, so NaN."""
        found = self.of_text[torch.from_numpy(np.maximum(sources, 0))]
        return torch.where(torch.from_numpy(sources >= 0)[:, None], found, torch.nan)


def factor_targets(prepared: Prepared, size: int) -> FactorTargets:
    """Of the items of training rows."""
    user, item, value = map(prepared.column, ("user", "item", "value"))
    train = np.zeros(len(user), dtype=bool)
    train[prepared.part("train")] = True
    items = len(prepared.items.names)
    factors, met = item_factors(user, item, value.astype(np.float64), train, items, size)
    unit = float(factors[met > 0].std()) or 1.0
    targets = np.full((items + len(prepared.users.names), size), np.nan, dtype=np.float32)
    targets[:items, : factors.shape[1]] = np.where(met[:, None] > 0, factors / unit, np.nan)
    return FactorTargets(torch.from_numpy(targets), unit)


def settle_likeness(model: RankingModel, number: CollaborativeNumber, unit: float) -> None:
    """The constants of the model's number of likeness."""
    likeness = model.likeness
    assert likeness is not None
    likeness.unit.fill_(unit)
    likeness.overall.fill_(number.overall)
    likeness.mean.fill_(number.mean)
    likeness.spread.fill_(number.spread)


def factor_loss(made: Tensor, targets: Tensor) -> Tensor:
    """Mean squared error of (segment, factor); rows of the targets may be NaN."""
    known = ~targets[:, 0].isnan()
    each = F.mse_loss(made, torch.where(known[:, None], targets, 0.0), reduction="none").mean(-1)
    return (each * known).sum() / known.sum().clamp(min=1)
