"""A model's weights as constants of a Core ML function."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import numpy as np
from coremltools.converters.mil.mil import Builder as Ops
from coremltools.converters.mil.mil import types
from torch import nn

from compress.integer_layers import QuantisedEmbedding, QuantisedLinear
from export.coreml.forms import array, half, is_sparse

Var = Any  # coremltools is not typed


class Weights:
    """The weights of a model as constants of the function that is being built, each made once: integers times float16
    scales, and what is float in torch as float16, or float32 where it is to be `precise`.

    `compressed` (iOS 18) keeps a mask and the non-zero integers of a sparse weight; else (iOS 16) int8 in full.
    Constants carry their content's hash as weight id: equal ones, of all functions, have one place in the file.
    """

    def __init__(self, model: nn.Module, compressed: bool) -> None:
        self.model: Any = model
        self.compressed = compressed
        self._made: dict[str, Var] = {}

    def matrix(self, name: str, precise: bool = False) -> Var:
        """The weight, (rows, columns), of a table or a linear layer."""
        module = self.model.get_submodule(name)
        if not isinstance(module, QuantisedEmbedding | QuantisedLinear):
            return self.vector(f"{name}.weight", precise)
        assert not precise  # of integers, float16 scales are kept
        if name not in self._made:
            integers, scale = array(module.weight), half(name, array(module.scale))
            make = self._compressed if self.compressed else self._affine
            self._made[name] = make(_flat(name), integers, scale, module.bits)
        return self._made[name]

    def vector(self, name: str, precise: bool = False) -> Var:
        """A bias, a norm's gain or any parameter in float."""
        if _flat(name) not in self._made:
            value = array(self.model.state_dict()[name])
            self.shared(_flat(name), value.astype(np.float32) if precise else half(name, value))
        return self._made[_flat(name)]

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


def _integers(values: np.ndarray, bits: int) -> np.ndarray:
    return values.astype(types.np_int4_dtype) if bits == 4 else values


def _constant(name: str, value: np.ndarray) -> Var:
    constant = Ops.const(val=value, name=name)
    content = f"{constant.dtype.__type_info__()} {value.shape} ".encode() + value.tobytes()
    constant.op.weight_id = sha256(content).hexdigest()
    return constant


def _flat(name: str) -> str:
    return name.replace("layers.0.", "").replace(".", "_")
