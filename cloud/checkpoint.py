"""Weights and training state on disk: written whole or not at all, read without running code."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn

from edge.errors import EdgeError
from edge.files import write_atomically

WEIGHTS = "weights.safetensors"
ABOUT = "edge-ranker"  # in a checkpoint's metadata: its step and digest


def save_checkpoint(directory: Path, step: int, trained: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """One file with everything that the next step depends on."""
    tensors = {f"trained.{name}": value for name, value in trained.state_dict().items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": torch.as_tensor(value) for name, value in state.items()}
    contiguous = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    about = json.dumps(
        {"step": step, "sha256": tensors_digest(contiguous, step)}
    )  # in one: the order of several is random
    write_atomically(directory / "checkpoint.safetensors", save(contiguous, {ABOUT: about}))


def load_checkpoint(directory: Path, trained: nn.Module, optimizer: torch.optim.Optimizer, steps: int) -> int:
    """Restore what `save_checkpoint` wrote, if anything; returns the step to go on from, at most `steps`."""
    path = directory / "checkpoint.safetensors"
    if not path.exists():
        return 0
    try:
        tensors, about = load_file(path), json.loads(_metadata(path)[ABOUT])
        step = int(about["step"])
        if about["sha256"] != tensors_digest(tensors, step):
            raise ValueError("its SHA-256 is not that of its tensors")
        if not 0 <= step <= steps:
            raise ValueError(f"it is of step {step}, there are {steps}")
        trained.load_state_dict(_under("trained.", tensors))
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in _under("optimizer.", tensors).items():
            index, _, key = name.partition(".")
            state.setdefault(int(index), {})[key] = value
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    except (SafetensorError, RuntimeError, ValueError, KeyError, TypeError, OSError) as error:
        raise EdgeError(
            f"{path} is damaged or of another model",
            evidence=str(error).splitlines()[0],
            fix=f"delete {directory} to train this phase from its start",
        ) from error
    return step


def tensors_digest(tensors: dict[str, Tensor], step: int) -> str:
    """Of every name, type, shape and byte: otherwise a flipped bit would continue training as another model."""
    digest = hashlib.sha256(str(step).encode())
    for name, value in sorted(tensors.items()):
        digest.update(f"\n{name} {value.dtype} {list(value.shape)}\n".encode())
        digest.update(value.flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _metadata(path: Path) -> dict[str, Any]:
    with safe_open(path, framework="pt") as file:
        return dict(file.metadata() or {})


def save_weights(directory: Path, tensors: dict[str, Tensor]) -> None:
    """The stage's result, `weights.safetensors`."""
    contiguous = {name: value.detach().contiguous() for name, value in tensors.items()}
    write_atomically(directory / WEIGHTS, save(contiguous))
