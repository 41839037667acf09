"""The numbers of entries in Core ML, in float32: what the small layers make of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from coremltools.converters.mil.mil import Builder as Ops

from export.coreml.forms import array
from export.coreml.modules import linear
from export.coreml.weights import Var, Weights


def inputs_of(given: Mapping[str, Var], likeness: tuple[Var, Var] | None) -> Var | None:
    """(row, input): values, then which are missing, each ending with that of likeness, (row, 1), if there is one.

    None where there are no numbers at all.
    """
    numbers, missing = ([given[name]] if name in given else [] for name in ("numbers", "missing"))
    if likeness is not None:
        numbers, missing = [*numbers, likeness[0]], [*missing, likeness[1]]
    return Ops.concat(values=[*numbers, *missing], axis=1) if numbers else None


def of_numbers(weights: Weights, inputs: Var | None) -> Var:
    """(row, hidden), or (1, hidden) without numbers."""
    return _two_layers(weights, "numbers", "numbers.0", "numbers.2", inputs)


def wide_and_deep(weights: Weights, inputs: Var | None) -> Var:
    """(row, 1), or (1, 1) without numbers."""
    deep = _two_layers(weights, "deep", "deep.0", "deep.3", inputs)
    wide = _without_numbers(weights, "wide") if inputs is None else linear(weights, "wide", inputs)
    return Ops.add(x=wide, y=deep)


def _two_layers(weights: Weights, name: str, enter: str, leave: str, inputs: Var | None) -> Var:
    if inputs is None:
        return _without_numbers(weights, name)
    return linear(weights, leave, Ops.gelu(x=linear(weights, enter, inputs), mode="EXACT"))


@torch.no_grad()
def _without_numbers(weights: Weights, name: str) -> Var:
    constant: np.ndarray = array(weights.model.get_submodule(name)(torch.zeros(1, 0)))
    return weights.shared(f"{name}_of_nothing", constant)
