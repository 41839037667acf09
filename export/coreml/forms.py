"""The forms in which Core ML keeps a weight."""

from __future__ import annotations

import numpy as np

from edge.errors import EdgeError


def is_sparse(integers: np.ndarray, bits: int) -> bool:
    """Whether mask and non-zero integers take less room than all integers do."""
    nonzero = int(np.count_nonzero(integers))
    return nonzero > 0 and integers.size + nonzero * bits < integers.size * bits  # in bits


def half(name: str, value: np.ndarray) -> np.ndarray:
    """As float16. A scale of 8 significant bits stays exact from 2^-17; below, no weight moves by more than 4e-6."""
    with np.errstate(over="ignore"):
        rounded = value.astype(np.float16)
    if not np.isfinite(rounded).all():
        raise EdgeError(f"{name} is beyond float16", evidence=f"its largest magnitude is {np.abs(value).max():g}")
    return rounded


def array(tensor: object) -> np.ndarray:
    """A tensor's values on the host."""
    return np.asarray(tensor.detach().cpu().numpy())  # type: ignore[attr-defined]
