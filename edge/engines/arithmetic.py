"""The arithmetic of the reference engines: integer products, norms and activations, as every engine nears them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

EPSILON = 1e-5  # of a norm
LEAST, GREATEST = -128.0, 127.0  # the 256 levels of an activation

# ln(erfc(z) / t) + z * z as a polynomial of t = 1 / (1 + z / 2), lowest power first: fitted at Chebyshev nodes for z
# between 0 and 10. In exact arithmetic erfc is then at most 3e-9 off.
ERFC = (
    -1.265578042, 1.001818217, 0.353201478, 0.232924512, -0.736143749, 1.720586749,
    -3.630209627, 4.314971755, -2.836915837, 0.990257856, -0.14491331,
)  # fmt: skip


class Parameters:
    """A model's parameters by name, int8 (rows = outputs) with a `.scale` per row, or float32.

    Everything is float32 but sums of products of integers, which are exact; elsewhere only rounding may differ.
    """

    def __init__(self, weights: Mapping[str, np.ndarray]) -> None:
        self._weights = dict(weights)
        for name in [name.removesuffix(".scale") for name in weights if name.endswith(".scale")]:
            if f"{name}.bias" in weights:  # a product; in float64, where no sum of integers is ever rounded
                self._weights[f"{name}.weight"] = weights[f"{name}.weight"].astype(np.float64)

    def __contains__(self, name: str) -> bool:
        return name in self._weights

    def __getitem__(self, name: str) -> np.ndarray:
        return self._weights[name]

    def clear(self) -> None:
        """Free the weights; nothing can be computed afterwards."""
        self._weights.clear()

    def rows(self, name: str, ids: np.ndarray) -> np.ndarray:
        """(..., width) float32 rows of a table, times their scales if it holds integers."""
        rows = self._weights[f"{name}.weight"][ids].astype(np.float32)
        scale = self._weights.get(f"{name}.scale")
        return rows if scale is None else rows * scale[ids][..., None]

    def norm(self, name: str, inputs: np.ndarray) -> np.ndarray:
        """Layer normalisation over the last axis, epsilon 1e-5 (ENGINE.md, "The arithmetic")."""
        centred = inputs - inputs.mean(-1, keepdims=True)
        deviation = np.sqrt((centred * centred).mean(-1, keepdims=True) + np.float32(EPSILON))
        return centred / deviation * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]

    def linear(self, name: str, inputs: np.ndarray) -> np.ndarray:
        """(..., inputs) -> (..., outputs)"""
        weight, scale = self._weights[f"{name}.weight"], self._weights.get(f"{name}.scale")
        if scale is None:
            product = inputs @ weight.T
        else:
            levels, step = levels_of(inputs)
            product = (levels @ weight.T).astype(np.float32) * step * scale
        return product + self._weights[f"{name}.bias"]


def levels_of(inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(..., width) float32 -> whole numbers less their row's zero point, and the step between levels, (..., 1).

    A row's 256 levels span its least to its greatest value, zero among them; halves round to even.
    """
    least = np.minimum(inputs.min(-1, keepdims=True), np.float32(0))
    greatest = np.maximum(inputs.max(-1, keepdims=True), np.float32(0))
    step = np.maximum((greatest - least) / np.float32(255), np.float32(1e-12))
    zero_point = np.clip(np.rint(np.float32(LEAST) - least / step), LEAST, GREATEST)
    levels = np.clip(np.rint(inputs * (np.float32(1) / step)) + zero_point, LEAST, GREATEST)
    return levels.astype(np.float64) - zero_point, step


def softmax(logits: np.ndarray, axis: int = -1) -> np.ndarray:
    """Softmax over one axis; the maximum is subtracted first."""
    powers = np.exp(logits - logits.max(axis, keepdims=True))
    return powers / powers.sum(axis, keepdims=True)


def gelu(inputs: np.ndarray) -> np.ndarray:
    """x times the share of a normal distribution below x; at most 4e-7 off, as others are in float32."""
    z = np.minimum(np.abs(inputs) * np.float32(0.5**0.5), np.float32(10))  # erfc(10) is 2e-45
    t = np.float32(1) / (np.float32(1) + np.float32(0.5) * z)
    exponent = np.full_like(t, ERFC[-1])
    for coefficient in ERFC[-2::-1]:
        exponent *= t
        exponent += np.float32(coefficient)
    tail = np.float32(0.5) * t * np.exp(exponent - z * z)  # the share beyond |x|
    return inputs * np.where(inputs < 0, tail, np.float32(1) - tail)
