"""Parameters as a student has them, small."""

from __future__ import annotations

import numpy as np


def make_weights(
    seed: int = 0, sparsity: float = 0.8, largest: int = 127, rows: int = 40, columns: int = 24
) -> dict[str, np.ndarray]:
    """Two sparse integer tensors with scales, a bias, an identity norm and a vector of full precision."""
    random = np.random.default_rng(seed)
    weights: dict[str, np.ndarray] = {}
    for name, shape in {"token": (rows, columns), "layers.0.attention_in": (3 * columns, columns)}.items():
        real = random.normal(size=shape)
        real[np.abs(real) < np.quantile(np.abs(real), sparsity)] = 0.0
        scale = np.abs(real).max(1) / largest
        scale[scale == 0] = 1.0
        coarse = ((scale.astype(np.float32).view(np.uint32) + 0xFFFF) & 0xFFFF0000).view(np.float32)
        weights[f"{name}.scale"] = coarse
        weights[f"{name}.weight"] = np.rint(real / coarse[:, None]).astype(np.int8)
    weights["layers.0.attention_in.bias"] = random.normal(size=3 * columns).astype(np.float32)
    weights["layers.0.attention_norm.weight"] = np.ones(columns, dtype=np.float32)
    return weights


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return one.keys() == other.keys() and all(
        one[name].dtype == other[name].dtype and one[name].tobytes() == other[name].tobytes() for name in one
    )
