"""Ranking models that run in a blink, random in every weight, and timelines of the film club for them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from commands import edge
from torch import nn

from cloud.data.prepare import config_for, open_source, prepare
from cloud.ranking.model import RankingModel
from cloud.ranking.shape import RankingShape
from cloud.ranking.timelines import TimelineBatch, Timelines
from cloud.runs.directory import Run

torch.set_num_threads(1)

SHAPES: dict[str, dict[str, Any]] = {
    "factorised": {},
    "as wide as its embedding": {"embedding_size": 32},
    "own layers": {"shared": False},
    "no interact layers": {"interact_layers": 0},
    "no layers": {"encode_layers": 0, "interact_layers": 0},
    "two encode depths": {"encode_layers": 2, "early_encode": 1, "interact_layers": 1},
}


def prepare_club(folder: Path) -> Run:
    assert edge("init", "--example", "--out", folder / "edge.toml") == 0
    source = open_source(str(folder / "edge.toml"))
    return prepare(source, folder / "data", replace(config_for(source), max_users=24))


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
