"""The numbers of entries in LiteRT: what the small layers make of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from cloud.ranking.model import RankingModel
from export.litert.file import Graph, Value
from export.litert.modules import array_of, fully_connected, linear
from export.litert.operators import binary, gelu, join


def inputs_of(graph: Graph, given: Mapping[str, Value], likeness: tuple[Value, Value] | None) -> Value | None:
    """(row, input): values, then which are missing, each ending with that of likeness, (row, 1), if there is one.

    None where there are no numbers at all.
    """
    numbers, missing = ([given[name]] if name in given else [] for name in ("numbers", "missing"))
    if likeness is not None:
        numbers, missing = [*numbers, likeness[0]], [*missing, likeness[1]]
    return join(graph, [*numbers, *missing], 1) if numbers else None


def of_numbers(graph: Graph, model: RankingModel, inputs: Value | None, beside: np.ndarray) -> Value:
    """(row, hidden), or (1, hidden) without numbers; plus `beside` (hidden,), which costs no operator."""
    enter, _, leave = model.numbers
    if inputs is None:
        return graph.constant(_without_numbers(model.numbers) + beside)
    inner = gelu(graph, linear(graph, enter, inputs))
    return fully_connected(graph, graph.constant(array_of(leave.weight)), array_of(leave.bias) + beside, inner)


def wide_and_deep(graph: Graph, model: RankingModel, inputs: Value | None, beside: np.ndarray) -> Value:
    """(row, 1), or (1, 1) without numbers; plus `beside` (1,)."""
    enter, _, _, leave = model.deep
    if inputs is None:
        return graph.constant(_without_numbers(model.wide) + _without_numbers(model.deep) + beside)
    inner = gelu(graph, linear(graph, enter, inputs))
    deep = fully_connected(graph, graph.constant(array_of(leave.weight)), array_of(leave.bias) + beside, inner)
    return binary(graph, "ADD", deep, linear(graph, model.wide, inputs))


@torch.no_grad()
def _without_numbers(module: nn.Module) -> np.ndarray:
    found: Tensor = module(torch.zeros(1, 0))
    return array_of(found)
