"""Which ranking models can become an edge graph."""

from __future__ import annotations

from cloud.ranking.shape import RankingShape
from edge.errors import EdgeError


def require_one_layer(shape: RankingShape, fix: str = "export a student: it applies one shared layer") -> None:
    """The edge graph has one layer, which is applied again and again."""
    depth = shape.encode_layers + shape.interact_layers
    if not shape.shared and depth > 1:
        raise EdgeError(
            f"a ranking model with {depth} layers of their own cannot become an edge graph",
            fix=fix,
        )
