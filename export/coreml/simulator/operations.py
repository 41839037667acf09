"""Operations of Core ML's intermediate language in numpy, in float32, under the names of MIL's own parameters.

Only what the exported graphs use. Inputs that MIL has and that never change an exported graph are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch.nn import functional

Array = np.ndarray


def cast(x: Array, dtype: Array) -> Array:
    kinds: dict[str, type] = {"fp16": np.float32, "fp32": np.float32, "int32": np.int32, "bool": np.bool_}
    return x.astype(kinds[str(dtype)])  # the interpreter rounds what is float16


def concat(values: Sequence[Array], axis: Array, interleave: Array | bool = False) -> Array:
    _never(interleave)
    return np.concatenate(values, int(axis))


def expand_dims(x: Array, axes: Array) -> Array:
    return np.expand_dims(x, tuple(axes))


def gather(
    x: Array, indices: Array, axis: Array, batch_dims: Array | int = 0, validate_indices: Array | bool = False
) -> Array:
    _never(batch_dims)
    if indices.size and indices.min() < 0:
        raise IndexError(f"index {indices.min()} is negative")
    return x.take(indices, int(axis))


def gelu(x: Array, mode: Array) -> Array:
    if str(mode) != "EXACT":
        raise ValueError(f"mode {mode} is not known")
    return functional.gelu(torch.from_numpy(np.ascontiguousarray(x))).numpy()  # numpy has no error function


def layer_norm(x: Array, axes: Array, epsilon: Array, gamma: Array | None = None, beta: Array | None = None) -> Array:
    centred = x - x.mean(tuple(axes), keepdims=True)
    normed = centred / np.sqrt(np.square(centred).mean(tuple(axes), keepdims=True) + epsilon)
    return (normed if gamma is None else normed * gamma) + (0 if beta is None else beta)


def linear(x: Array, weight: Array, bias: Array) -> Array:
    return x @ weight.T + bias


def matmul(x: Array, y: Array, transpose_x: Array | bool = False, transpose_y: Array | bool = False) -> Array:
    return (x.swapaxes(-1, -2) if transpose_x else x) @ (y.swapaxes(-1, -2) if transpose_y else y)


def range_1d(start: Array, end: Array, step: Array) -> Array:
    return np.arange(int(start), int(end), int(step), dtype=np.int32)


def reduce_max(x: Array, axes: Array, keep_dims: Array) -> Array:
    return x.max(tuple(axes), keepdims=bool(keep_dims))


def reduce_sum(x: Array, axes: Array, keep_dims: Array) -> Array:
    return x.sum(tuple(axes), keepdims=bool(keep_dims), dtype=x.dtype)


def softmax(x: Array, axis: Array) -> Array:
    raised = np.exp(x - x.max(int(axis), keepdims=True))
    return raised / raised.sum(int(axis), keepdims=True)


def split(x: Array, axis: Array, num_splits: Array | None = None, split_sizes: Array | None = None) -> list[Array]:
    parts = int(num_splits) if split_sizes is None else np.cumsum(split_sizes)[:-1]  # type: ignore[arg-type]
    return np.split(x, parts, int(axis))


def constexpr_affine_dequantize(quantized_data: Array, zero_point: Array, scale: Array, axis: Array) -> Array:
    _never(zero_point)
    along = [1] * quantized_data.ndim
    along[int(axis)] = -1
    return quantized_data.astype(np.float32) * scale.reshape(along)


def constexpr_blockwise_shift_scale(data: Array, scale: Array, offset: Array | int = 0) -> Array:
    _never(offset)
    return data.astype(np.float32) * _spread(scale, data.shape)


def constexpr_sparse_blockwise_shift_scale(
    data_mask: Array, nonzero_data: Array, scale: Array, offset: Array | int = 0
) -> list[Array]:
    _never(offset)
    return [data_mask, nonzero_data.astype(np.float32) * _spread(scale, data_mask.shape)[data_mask != 0]]


def constexpr_sparse_to_dense(nonzero_data: Array, mask: Array) -> Array:
    dense = np.zeros(mask.shape, dtype=nonzero_data.dtype)
    dense[mask != 0] = nonzero_data
    return dense


def _spread(scale: Array, shape: Sequence[int]) -> Array:
    """A scale per block of the shape."""
    for axis, (blocks, size) in enumerate(zip(scale.shape, shape, strict=True)):
        scale = scale.repeat(size // blocks, axis)
    return scale


def _never(value: Array | int) -> None:
    if np.any(value):
        raise ValueError("a parameter is set that no exported graph sets")


MOVES = frozenset(
    {"concat", "expand_dims", "gather", "identity", "reshape", "split", "squeeze", "transpose"}
)  # compute nothing

OPERATIONS: dict[str, Callable[..., Any]] = {
    "abs": lambda x: np.abs(x),
    "add": lambda x, y: x + y,
    "cast": cast,
    "concat": concat,
    "constexpr_affine_dequantize": constexpr_affine_dequantize,
    "constexpr_blockwise_shift_scale": constexpr_blockwise_shift_scale,
    "constexpr_sparse_blockwise_shift_scale": constexpr_sparse_blockwise_shift_scale,
    "constexpr_sparse_to_dense": constexpr_sparse_to_dense,
    "equal": lambda x, y: x == y,
    "exp": lambda x: np.exp(x),
    "expand_dims": expand_dims,
    "gather": gather,
    "gelu": gelu,
    "greater": lambda x, y: x > y,
    "identity": lambda x: x,
    "layer_norm": layer_norm,
    "less": lambda x, y: x < y,
    "linear": linear,
    "log": lambda x, epsilon: np.log(x + epsilon),
    "logical_and": lambda x, y: x & y,
    "logical_not": lambda x: ~x,
    "logical_or": lambda x, y: x | y,
    "matmul": matmul,
    "maximum": lambda x, y: np.maximum(x, y),
    "minimum": lambda x, y: np.minimum(x, y),
    "mul": lambda x, y: x * y,
    "range_1d": range_1d,
    "real_div": lambda x, y: x / y,
    "reduce_max": reduce_max,
    "reduce_sum": reduce_sum,
    "reshape": lambda x, shape: x.reshape(shape),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softmax": softmax,
    "split": split,
    "sqrt": lambda x: np.sqrt(x),
    "squeeze": lambda x, axes: x.squeeze(tuple(axes)),
    "sub": lambda x, y: x - y,
    "tanh": lambda x: np.tanh(x),
    "transpose": lambda x, perm: x.transpose(perm),
}
