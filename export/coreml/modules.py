"""Linear layers and norms in Core ML, from torch's modules: weights have the precision of the input."""

from __future__ import annotations

import numpy as np
from coremltools.converters.mil.mil import Builder as Ops
from coremltools.converters.mil.mil import types
from torch import nn

from export.coreml.weights import Var, Weights

EPSILON = 1e-5  # torch's, of a layer norm


def linear(weights: Weights, name: str, inputs: Var) -> Var:
    """(..., inputs) -> (..., outputs)"""
    return Ops.linear(x=inputs, **parameters(weights, name, is_precise(inputs)))


def product(weights: Weights, name: str, inputs: Var) -> Var:
    """A linear layer without a bias; `Ops.linear` would store zeros for one."""
    return Ops.matmul(x=inputs, y=weights.matrix(name, is_precise(inputs)), transpose_y=True)


def norm(weights: Weights, name: str, inputs: Var) -> Var:
    """Over the last axis."""
    precise = is_precise(inputs)
    epsilon = np.float32(EPSILON) if precise else np.float16(EPSILON)
    return Ops.layer_norm(x=inputs, axes=[-1], epsilon=epsilon, **parameters(weights, name, precise))


def parameters(weights: Weights, name: str, precise: bool = False) -> dict[str, Var]:
    """What the op of a linear layer or a norm takes beside its input."""
    module = weights.model.get_submodule(name)
    if not isinstance(module, nn.LayerNorm):
        return {"weight": weights.matrix(name, precise), "bias": weights.vector(f"{name}.bias", precise)}
    if is_trivial(module):
        return {}
    return {"gamma": weights.vector(f"{name}.weight", precise), "beta": weights.vector(f"{name}.bias", precise)}


def is_precise(value: Var) -> bool:
    """Whether it is float32."""
    return bool(value.dtype == types.fp32)


def is_trivial(norm: nn.Module) -> bool:
    """Whether a norm's gain is 1 and its bias 0 throughout, as where they were folded into the layer behind it."""
    tensors = norm.state_dict()
    return bool((tensors["weight"] == 1).all() and (tensors["bias"] == 0).all())
