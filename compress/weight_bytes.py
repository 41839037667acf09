"""What a model's weights take in a download, as a file and in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import load

from edge.bundle.deflate import BLOCK, deflate
from edge.bundle.weights.packed import pack


def weight_bytes(path: Path) -> dict[str, int]:
    """Of a weights file alone: compressed as a bundle would, as a file, and in memory, where they take as much."""
    content = path.read_bytes()
    tensors = load(content)
    if any(values.dtype == np.int8 for values in tensors.values()):
        packed = len(pack(tensors))
    else:
        packed = sum(map(len, deflate(content[start : start + BLOCK] for start in range(0, len(content), BLOCK))))
    return {"download": packed, "installed": len(content), "resident": len(content)}
