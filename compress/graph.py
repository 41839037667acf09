"""A ranking model's sizes as the engines know them."""

from __future__ import annotations

from cloud.ranking.shape import RankingShape
from edge.engines.shape import ModelShape


def model_shape(shape: RankingShape, places: int) -> ModelShape:
    """`places`: of the longest timeline, the profile included."""
    return ModelShape(
        hidden=shape.hidden_size,
        heads=shape.heads,
        encode_depths=shape.encode_depths,
        interact_layers=shape.interact_layers,
        positions=shape.positions,
        places=places,
        numbers=shape.numbers,
        distances=shape.distances,
        match_size=shape.match_size,
        match_heads=shape.match_heads,
        factors=shape.factors,
    )
