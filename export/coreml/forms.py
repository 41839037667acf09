"""The forms in which Core ML keeps a weight, and the bytes that each has in the weight file."""

from __future__ import annotations

import numpy as np

from edge.errors import EdgeError


def coreml_forms(weight: np.ndarray, scale: np.ndarray, bits: int = 8) -> list[bytes]:
    """The byte strings under which a weight, int8 (rows, columns), can stand in a package's weight.bin.

    Scales; int8 in full; mask bits, eight per byte from the lowest; the non-zero integers; and for 4 bits the
    integers in full and the non-zero ones two per byte, first in the low nibble. All of them row by row.
    """
    rows = np.ascontiguousarray(weight)
    nonzero = rows[rows != 0]
    forms = [half("scale", scale).tobytes(), rows.tobytes(), np.packbits(rows != 0, bitorder="little").tobytes()]
    if bits == 4:
        return [*forms, _nibbles(nonzero), _nibbles(rows.ravel())]
    return [*forms, nonzero.tobytes()]


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


def _nibbles(values: np.ndarray) -> bytes:
    low = np.zeros(values.size + values.size % 2, dtype=np.uint8)
    low[: values.size] = values.view(np.uint8) & 15
    return (low[::2] | low[1::2] << 4).tobytes()
