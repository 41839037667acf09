"""What other codings of a bundle's weights would take: contexts for the mask, classes for the values, zstd, brotli.

    python benchmarks/weight_coding.py movies.edge --out benchmarks/results/weight-coding.json

Learning coders are given their ideal length (Krichevsky & Trofimov's estimator: learning included);
the format's own row is what it takes in the file. Needs the extra benchmarks. It takes about 10 seconds
for a quickstart.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import brotli
import numpy as np
import zstandard

from edge.bundle.bundle import Bundle, open_bundle
from edge.bundle.weights.packed import Weights, row_classes
from edge.errors import EdgeError
from edge.files import write_json
from edge.table import render

LEVELS = 24  # of a density, in half bits of its log odds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    options = parser.parse_args()
    try:
        found = measured(open_bundle(options.bundle))
    except EdgeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if options.out:
        write_json(options.out, found)
    print(report(found))
    return 0


def measured(bundle: Bundle) -> dict[str, dict[str, float]]:
    """Bytes of all integer tensors: what is coded -> coding -> bytes."""
    weights = bundle.weights
    tensors = {name: values for name, values in weights.items() if values.dtype == np.int8}
    scales = {name: weights[name.removesuffix("weight") + "scale"] for name in tensors}
    masks = {name: _total(coder, tensors, scales) for name, coder in MASKS.items()}
    values = {name: _total(coder, tensors, scales) for name, coder in VALUES.items()}
    whole = {name: _total(coder, tensors, scales) for name, coder in WHOLE.items()}
    stored = sum(bits for name, bits in bundle.coded_bits.items() if name in tensors) / 8
    return {"mask": masks, "values": values, "mask and values": whole | {"this format": stored}}


def report(found: Mapping[str, Mapping[str, float]]) -> str:
    """The same as tables, each size also as a ratio to the order-0 entropy."""
    return "\n\n".join(
        render(
            (title, "bytes", "of the entropy"),
            [(name, round(size), size / sizes["order-0 entropy"]) for name, size in sizes.items()],
        )
        for title, sizes in found.items()
    )


def _total(coder: Callable[[np.ndarray, np.ndarray], float], tensors: Weights, scales: Weights) -> float:
    return sum(coder(values, scales[name]) for name, values in tensors.items())


def _entropy(symbols: np.ndarray) -> float:
    counts = np.unique(symbols, return_counts=True)[1]
    return float(-(counts * np.log2(counts / counts.sum())).sum()) / 8


def _learned(symbols: np.ndarray, contexts: np.ndarray, alphabet: int) -> float:
    """Bytes of symbols whose frequencies are learned in each context."""
    keys = contexts.astype(np.int64) * alphabet + symbols
    counts = np.bincount(keys, minlength=(int(contexts.max()) + 1) * alphabet).reshape(-1, alphabet)
    totals, used = counts.sum(1), counts[counts > 0]
    bits = sum(math.lgamma(total + alphabet / 2) - math.lgamma(alphabet / 2) for total in totals[totals > 0].tolist())
    return (bits - sum(math.lgamma(count + 0.5) - math.lgamma(0.5) for count in used.tolist())) / math.log(2) / 8


def _density(seen: np.ndarray, among: np.ndarray) -> np.ndarray:
    share = (seen + 0.5) / (among + 1)
    return np.clip(np.floor((np.log2(share / (1 - share)) + 6) * 2), 0, LEVELS - 1).astype(np.int64)


def _mask_in_context(*wanted: str) -> Callable[[np.ndarray, np.ndarray], float]:
    def coder(values: np.ndarray, scales: np.ndarray) -> float:
        mask = values != 0
        rows, columns = mask.shape
        available = {
            "row": (LEVELS, lambda: _density(np.cumsum(mask, 1) - mask, np.arange(columns)[None])),
            "column": (LEVELS, lambda: _density(np.cumsum(mask, 0) - mask, np.arange(rows)[:, None])),
            "left": (2, lambda: np.pad(mask, ((0, 0), (1, 0)))[:, :-1]),
            "above": (2, lambda: np.pad(mask, ((1, 0), (0, 0)))[:-1]),
            "scale": (16, lambda: np.broadcast_to(row_classes(scales, 16)[:, None], mask.shape)),
        }
        contexts = np.zeros(mask.shape, dtype=np.int64)
        for name in wanted:
            count, compute = available[name]
            contexts = contexts * count + compute()
        return _learned(mask.ravel().astype(np.int64), contexts.ravel(), 2)

    return coder


def _values_by_class(count: int) -> Callable[[np.ndarray, np.ndarray], float]:
    """A raw sign, and the magnitude by the class of its row."""

    def coder(values: np.ndarray, scales: np.ndarray) -> float:
        rows, columns = np.nonzero(values)
        magnitudes = np.abs(values[rows, columns].astype(np.int64))
        return len(rows) / 8 + _learned(magnitudes, row_classes(scales, count)[rows], 128)

    return coder


def _nonzeros(values: np.ndarray) -> np.ndarray:
    return values[values != 0]


def _zstd(data: bytes) -> int:
    return len(zstandard.ZstdCompressor(level=19).compress(data))


def _brotli(data: bytes) -> int:
    return len(brotli.compress(data, quality=11))


def _bits(values: np.ndarray) -> bytes:
    return np.packbits(values != 0).tobytes()


MASKS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "order-0 entropy": lambda values, _: _entropy(values != 0),
    "learned": _mask_in_context(),
    "by the row's density so far": _mask_in_context("row"),
    "by the column's": _mask_in_context("column"),
    "by both": _mask_in_context("row", "column"),
    "by both and the left neighbour": _mask_in_context("row", "column", "left"),
    "by both and two neighbours": _mask_in_context("row", "column", "left", "above"),
    "by the row's scale": _mask_in_context("scale"),
    "zstd -19 of the bits": lambda values, _: _zstd(_bits(values)),
    "brotli 11 of the bits": lambda values, _: _brotli(_bits(values)),
}
VALUES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "order-0 entropy": lambda values, _: _entropy(_nonzeros(values)),
    **{f"{count} classes of rows by scale": _values_by_class(count) for count in (1, 4, 16, 64)},
    "zstd -19": lambda values, _: _zstd(_nonzeros(values).tobytes()),
    "brotli 11": lambda values, _: _brotli(_nonzeros(values).tobytes()),
}
WHOLE: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "order-0 entropy": lambda values, _: _entropy(values != 0) + _entropy(_nonzeros(values)),
    "zstd -19 of the weights": lambda values, _: _zstd(values.tobytes()),
    "brotli 11 of the weights": lambda values, _: _brotli(values.tobytes()),
    "zstd -19, mask and values apart": lambda values, _: _zstd(_bits(values)) + _zstd(_nonzeros(values).tobytes()),
    "brotli 11, mask and values apart": lambda v, _: _brotli(_bits(v)) + _brotli(_nonzeros(v).tobytes()),
}


if __name__ == "__main__":
    sys.exit(main())
