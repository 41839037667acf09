"""Where models are trained and measured: the first CUDA GPU, or the processor."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

import torch

Batch = TypeVar("Batch")


def best_device() -> torch.device:
    """An empty CUDA_VISIBLE_DEVICES in the environment hides the GPUs."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def has_bf16(device: torch.device) -> bool:
    """True if it multiplies bfloat16 natively: a processor that emulates it is 20 times slower than in fp32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    native = (getattr(torch.cpu, f"_is_{kind}_supported", None) for kind in ("amx_tile", "avx512_bf16"))
    return any(check is not None and check() for check in native)


def on_device(batch: Batch, device: torch.device) -> Batch:
    """The same batch there: a tensor, a tuple of batches or a dataclass of them."""
    return cast(Batch, _moved(batch, device))


def _moved(part: Any, device: torch.device) -> Any:
    if isinstance(part, torch.Tensor):
        return part.to(device)
    if part is None:
        return None
    if isinstance(part, tuple):
        return tuple(_moved(each, device) for each in part)
    assert is_dataclass(part) and not isinstance(part, type)
    return replace(part, **{field.name: _moved(getattr(part, field.name), device) for field in fields(part)})
