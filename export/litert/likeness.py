"""The number that stands for collaborative filtering in LiteRT."""

from __future__ import annotations

from collections.abc import Mapping

from cloud.ranking.likeness import Likeness
from edge.engines.shape import NO_LIKENESS, OVERALL
from edge.text.number import CLIP
from export.litert.file import Graph, Value
from export.litert.modules import linear
from export.litert.operators import binary, number, product, reduce, reshape, unary


def likeness_number(graph: Graph, likeness: Likeness, items: Value, timeline: Mapping[str, Value]) -> Value:
    """(candidate, 1), standardised; finite without events. The unit of the factors is left to the divisor."""
    overall, mean, spread, unit = (float(likeness.get_buffer(name)) for name in ("overall", "mean", "spread", "unit"))
    events, liked = timeline["events"], timeline["liked"]
    total = binary(graph, "ADD", reduce(graph, "SUM", liked), number(graph, OVERALL * overall))
    level = binary(graph, "DIV", total, binary(graph, "ADD", reduce(graph, "SUM", events), number(graph, OVERALL)))
    centred = binary(graph, "MUL", binary(graph, "SUB", liked, level), events)
    alike = product(graph, linear(graph, likeness.factors, items), timeline["factors"], transposed=True)
    weighted, size = (
        product(graph, of, reshape(graph, by, by.shape[0], 1))  # (candidate, place) -> (candidate, 1)
        for of, by in ((alike, centred), (unary(graph, "ABS", alike), events))
    )
    found = binary(graph, "DIV", weighted, binary(graph, "ADD", size, number(graph, NO_LIKENESS / unit**2)))
    standard = binary(graph, "MUL", binary(graph, "SUB", found, number(graph, mean)), number(graph, 1 / spread))
    return binary(graph, "MINIMUM", binary(graph, "MAXIMUM", standard, number(graph, -CLIP)), number(graph, CLIP))
