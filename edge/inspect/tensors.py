"""Every packed tensor of a bundle: its shape and width, how sparse it is, and what it takes against its entropy."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edge.bundle.bundle import Bundle
from edge.bundle.listing import WEIGHTS
from edge.bundle.weights.packed import Tensor, read_header


@dataclass(frozen=True)
class PackedTensor:
    """One parameter as `weights.bin` holds it. `kind` is "integers", "floats" or "constant"."""

    name: str
    kind: str
    shape: tuple[int, ...]
    bits: int  # of an integer, the fewest that hold the largest; of a float, 16 if two bytes hold each of them
    nonzero: int
    value_bits: float | None  # order-0 entropy of a non-zero integer, sign included; None for floats
    classes: int  # of rows by their scale, each with frequencies of its own
    coded_bits: float
    files: tuple[str, ...]  # model files that hold it

    @property
    def elements(self) -> int:
        """How many values the tensor has, zeros included."""
        return math.prod(self.shape)

    @property
    def sparsity(self) -> float:
        """The share of zeros."""
        return 1 - self.nonzero / self.elements

    @property
    def stored(self) -> int:
        """Bytes in `weights.bin`, without its header and the coder's states."""
        return round(self.coded_bits / 8)

    @property
    def entropy(self) -> float | None:
        """Bytes of mask and non-zero values at their order-0 entropy; None for floats."""
        if self.value_bits is None:
            return None
        return entropy_bytes(self.elements, self.sparsity, self.value_bits)


def entropy_bytes(elements: int, sparsity: float, value_bits: float) -> float:
    """`elements * (H(sparsity) + (1 - sparsity) * value_bits) / 8`, H the binary entropy in bits."""
    mask_bits = -sum(share * math.log2(share) for share in (sparsity, 1 - sparsity) if share > 0)
    return elements * (mask_bits + (1 - sparsity) * value_bits) / 8


def packed_tensors(bundle: Bundle) -> tuple[PackedTensor, ...]:
    """Of a bundle that packs its weights, by name; otherwise none."""
    if not bundle.weights:
        return ()
    _, described, _ = read_header(bundle.read(WEIGHTS))
    files: dict[str, list[str]] = {}
    for file in bundle.files:
        for tensor in dict.fromkeys(hole.tensor for hole in file.holes):
            files.setdefault(tensor, []).append(file.path)
    found = [
        _measure(tensor, bundle.weights[tensor.name], bundle.coded_bits[tensor.name], tuple(files.get(tensor.name, ())))
        for tensor in described
    ]
    return tuple(sorted(found, key=lambda tensor: tensor.name))


def _measure(tensor: Tensor, values: np.ndarray, bits: float, files: tuple[str, ...]) -> PackedTensor:
    integers = tensor.kind == "integers"
    return PackedTensor(
        name=tensor.name,
        kind=tensor.kind,
        shape=tuple(values.shape),
        bits=tensor.largest.bit_length() + 1 if integers else _float_bits(values),
        nonzero=int(np.count_nonzero(values)),
        value_bits=_value_bits(values) if integers else None,
        classes=tensor.classes,
        coded_bits=bits,
        files=files,
    )


def _float_bits(values: np.ndarray) -> int:
    """16 if two bytes hold each: as float16, or as the upper half of a float32."""
    lower_halves = np.ascontiguousarray(values, dtype="<f4").view("<u4") & 0xFFFF
    with np.errstate(over="ignore"):
        halves = values.astype(np.float16).astype(np.float32)
    return 16 if not lower_halves.any() or np.array_equal(halves, values) else 32


def _value_bits(values: np.ndarray) -> float:
    """Order-0 entropy of the non-zero int8 values, bits each; 0 if there are none."""
    counts = np.bincount(values[values != 0].astype(np.int64) + 128)
    shares = counts[counts > 0] / max(counts.sum(), 1)
    return float(-(shares * np.log2(shares)).sum()) + 0.0  # never -0.0
