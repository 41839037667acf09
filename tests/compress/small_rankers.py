"""Ranking models that run in a blink, random in every weight, and timelines of the film club for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from cloud.ranking.model import RankingModel
from cloud.ranking.shape import RankingShape
from cloud.ranking.timelines import TimelineBatch, Timelines

torch.set_num_threads(1)

SHAPES: dict[str, dict[str, Any]] = {
    "factorised": {},
    "as wide as its embedding": {"embedding_size": 32},
    "own layers": {"shared": False},
    "no interact layers": {"interact_layers": 0},
    "no layers": {"encode_layers": 0, "interact_layers": 0},
    "two encode depths": {"encode_layers": 2, "early_encode": 1, "interact_layers": 1},
}


def make_ranker(timelines: Timelines, **changes: Any) -> RankingModel:
    """Random in every weight: a fresh model's norms do nothing, and its biases and heads are zero."""
    torch.manual_seed(0)
    shape = RankingShape(
        vocabulary_size=2_000, numbers=timelines.numbers.shape[1], hidden_size=32, embedding_size=16, heads=2,
        interact_layers=2, positions=24,
    )  # fmt: skip
    model = RankingModel(replace(shape, **changes))
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.LayerNorm):
                module.weight.normal_(mean=1.0, std=0.3)
            if isinstance(module, nn.LayerNorm | nn.Linear) and module.bias is not None:
                module.bias.normal_(std=0.2)
        for last in (model.head, model.wide, model.matched):
            last.weight.normal_(std=0.2)
        model.distance.normal_()
    return model.eval()


def batch_of(timelines: Timelines, count: int = 3) -> TimelineBatch:
    return timelines.batch(timelines.windows(np.arange(60 * 3))[1::2][:count])
