"""Which exit a model is judged by."""

from __future__ import annotations

import math
from typing import Any

import pytest

from cloud.ranking.best_exit import best_exit, best_figures


def quality(*validation: float | None) -> dict[str, Any]:
    """Of encode depths 1 and 12 with two interact depths each; on test rows the first exit would be the best."""
    places = [("encode 1", "0"), ("encode 1", "2"), ("encode 12", "0"), ("encode 12", "10")]
    found: dict[str, Any] = {part: {"encode 1": {}, "encode 12": {}} for part in ("validation", "test")}
    for number, ((encode, depth), auc) in enumerate(zip(places, validation, strict=True)):
        found["validation"][encode][depth] = {"auc": auc}
        found["test"][encode][depth] = {"auc": 0.9 - 0.1 * number}
    return found


@pytest.mark.parametrize(
    ("aucs", "exit", "auc"),
    [
        ((0.5, 0.7, 0.6, 0.6), (1, 2), 0.8),
        ((0.5, 0.6, 0.7, 0.7), (12, 10), 0.6),
        ((None, None, None, None), (12, 10), 0.6),
        ((0.4, math.nan, None, 0.3), (1, 0), 0.9),
    ],
)
def test_the_best_exit_is_that_of_validation_rows(
    aucs: tuple[float | None, ...], exit: tuple[int, int], auc: float
) -> None:
    assert best_exit(quality(*aucs)) == exit
    assert best_figures(quality(*aucs))["auc"] == pytest.approx(auc)
