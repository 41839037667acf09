"""A model's integers as constants of a Core ML function."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import numpy as np
from coremltools.converters.mil.mil import Builder as Ops
from coremltools.converters.mil.mil import types
from torch import nn

from cloud.model import Encoder
from compress.integer_layers import QuantisedEmbedding, QuantisedLinear
from export.coreml.forms import array, half, is_sparse

Var = Any  # coremltools is not typed


class Weights:
    """The weights of an integer model as constants of the function that is being built, each made once.

    `compressed` (iOS 18) keeps a mask and the non-zero integers of a sparse weight; else (iOS 16) int8 in full.
    Constants carry their content's hash as weight id: equal ones, of all functions, have one place in the file.
    """

    def __init__(self, model: Encoder, compressed: bool) -> None:
        self.model = model
        self.compressed = compressed
        self._made: dict[str, Var] = {}

    def matrix(self, name: str) -> Var:
        """The float16 weight, (rows, columns), of a table or a linear layer."""
        if name not in self._made:
            module = self.model.get_submodule(name)
            assert isinstance(module, QuantisedEmbedding | QuantisedLinear)
            integers, scale = array(module.weight), half(name, array(module.scale))
            make = self._compressed if self.compressed else self._affine
            self._made[name] = make(_flat(name), integers, scale, module.bits)
        return self._made[name]

    def vector(self, name: str) -> Var:
        """A bias or a norm's gain, float16."""
        if name not in self._made:
            value = array(self.model.state_dict()[name])
            self._made[name] = _constant(_flat(name), half(name, value))
        return self._made[name]

    def shared(self, name: str, value: np.ndarray) -> Var:
        """Any other constant that several functions read."""
        if name not in self._made:
            self._made[name] = _constant(name, value)
        return self._made[name]

    def _compressed(self, name: str, integers: np.ndarray, scale: np.ndarray, bits: int) -> Var:
        rows = _constant(f"{name}_scale", scale[:, None])
        if not is_sparse(integers, bits):
            data = _constant(f"{name}_integers", _integers(integers, bits))
            return Ops.constexpr_blockwise_shift_scale(data=data, scale=rows, name=name)
        mask = _constant(f"{name}_mask", (integers != 0).astype(types.np_uint1_dtype))
        values = _constant(f"{name}_nonzero", _integers(integers[integers != 0], bits))
        both = Ops.constexpr_sparse_blockwise_shift_scale(
            data_mask=mask, nonzero_data=values, scale=rows, name=f"{name}_sparse"
        )
        return Ops.constexpr_sparse_to_dense(nonzero_data=both[1], mask=both[0], name=name)

    def _affine(self, name: str, integers: np.ndarray, scale: np.ndarray, bits: int) -> Var:
        data, rows = _constant(f"{name}_integers", integers), _constant(f"{name}_scale", scale)
        return Ops.constexpr_affine_dequantize(
            quantized_data=data, zero_point=np.int8(0), scale=rows, axis=np.int32(0), name=name
        )


def is_trivial(norm: nn.Module) -> bool:
    """Whether a norm's gain is 1 and its bias 0 throughout, as where they were folded into the layer behind it."""
    tensors = norm.state_dict()
    return bool((tensors["weight"] == 1).all() and (tensors["bias"] == 0).all())


def _integers(values: np.ndarray, bits: int) -> np.ndarray:
    return values.astype(types.np_int4_dtype) if bits == 4 else values


def _constant(name: str, value: np.ndarray) -> Var:
    constant = Ops.const(val=value, name=name)
    content = f"{constant.dtype.__type_info__()} {value.shape} ".encode() + value.tobytes()
    constant.op.weight_id = sha256(content).hexdigest()
    return constant


def _flat(name: str) -> str:
    return name.replace("layers.0.", "").replace(".", "_")
