"""Whether a ranking model that is to be trained can fit the memory, from its shape alone."""

from __future__ import annotations

import torch

from cloud.memory import check_weights
from cloud.ranking.model import RankingModel
from cloud.ranking.shape import RankingShape

LARGE = ("hidden_size", "encode_layers", "interact_layers", "feed_forward", "embedding_size")  # what weights grow with


def check_ranking_memory(shape: RankingShape, teacher: RankingShape | None = None, memory: int | None = None) -> None:
    """Errors: a model of that shape cannot be trained, beside a `teacher` that is read, in `memory` bytes."""
    read = count_weights(teacher) if teacher else 0
    check_weights(count_weights(shape), read, "shape", LARGE, memory)


def count_weights(shape: RankingShape) -> int:
    """Weights and biases of that shape, without allocating them."""
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in RankingModel(shape).parameters())
