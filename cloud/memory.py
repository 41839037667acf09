"""Whether the training of a model fits into memory, from its shape alone."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import torch

from cloud.device import best_device
from cloud.model import ModelConfig, count_parameters
from edge.config import setting
from edge.errors import EdgeError

LARGE = ("hidden_size", "layers", "feed_forward", "embedding_size")  # what the weights of a ModelConfig grow with
TRAINED, READ = 16, 4  # bytes per weight: with its gradient and AdamW's two moments, and without; float32
_CGROUP = Path("/sys/fs/cgroup/memory.max")  # a container's limit, or "max"


def check_memory(model: ModelConfig, memory: int | None = None) -> None:
    """Errors: `model` cannot be trained in `memory` bytes; None: those of here."""
    check_weights(count_parameters(model), 0, "model", LARGE, memory)


def check_weights(weights: int, read: int, group: str, large: Sequence[str], memory: int | None = None) -> None:
    """Errors: so many weights cannot be trained, beside those that are only read; `large` are the settings of `group`
    that they grow with.

    What a batch takes comes on top, so a model that passes may still be too large.
    """
    memory = _memory() if memory is None else memory
    needed = TRAINED * weights + READ * read
    if needed > memory:
        beside = f", beside a teacher of {read:,}" if read else ""
        *first, last = (setting(f"{group}.{name}") for name in large)
        raise EdgeError(
            f"{setting(group)} cannot be trained here: {weights:,} weights{beside} do not fit the memory",
            evidence=f"with gradients and AdamW's moments they take {needed / 1e9:,.1f} GB or more, "
            f"there are {memory / 1e9:,.1f} GB",
            fix=f"lower {', '.join(first)} or {last}",
        )


def _memory() -> int:
    """Of the device that trains, in bytes."""
    device = best_device()
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    found = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with suppress(OSError, ValueError):
        found = min(found, int(_CGROUP.read_text()))
    return found
