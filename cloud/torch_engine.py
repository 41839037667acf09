"""The torch model behind the runtime's engine interface: the reference that every export is held to."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

import numpy as np
import torch
from torch import Tensor

from cloud.device import torch_threads
from cloud.model import Encoder
from edge.bundle.shape import Shape
from edge.engines.protocol import Context

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def _computing(
    method: Callable[Concatenate[TorchEngine, Arguments], Result],
) -> Callable[Concatenate[TorchEngine, Arguments], Result]:
    """Without gradients, and by the engine's own number of threads."""

    @wraps(method)
    def compute(engine: TorchEngine, /, *arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
        with torch.inference_mode(), torch_threads(engine.threads) if engine.threads else nullcontext():
            return method(engine, *arguments, **named)

    return compute


class TorchEngine:
    """Implements edge.engines.protocol.Engine with the cached forms of the model's own layer.

    `threads` compute each call; None: as many as torch has in the process.
    """

    def __init__(self, model: Encoder, threads: int | None = None) -> None:
        self.threads = threads
        config = model.config
        self.model = model.eval()
        self.device = model.head_norm.weight.device
        self.shape = Shape(config.layers, config.hidden_size, config.heads, config.handover)

    def padded_user(self, tokens: int) -> int:
        return tokens

    def padded_candidates(self, count: int) -> int:
        return count

    @_computing
    def embed(self, ids: np.ndarray, positions: np.ndarray) -> np.ndarray:
        return _array(self.model.embed(self._row(ids).long(), self._row(positions).long())[0])

    @_computing
    def place(self, hidden: np.ndarray, slots: np.ndarray) -> np.ndarray:
        return _array(self.model.place(self._row(hidden), self._row(slots).long())[0])

    @_computing
    def layer(self, hidden: np.ndarray, mask: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        stepped, keys, values = self.model.layer(depth).user_step(self._row(hidden), self._row(mask)[None])
        return _array(stepped[0]), _array(keys[0]), _array(values[0])

    @_computing
    def layer_keys(self, hidden: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray]:
        _, keys, values = self.model.layer(depth).queries_keys_values(self._row(hidden))
        return _array(keys[0]), _array(values[0])

    @_computing
    def layer_candidate(self, hidden: np.ndarray, context: Context, depth: int) -> np.ndarray:
        keys, values, mask = map(self._row, (context.keys, context.values, context.mask))
        candidates, layer = self._tensor(hidden), self.model.layer(depth)
        return _array(layer.candidate_step(candidates, keys, values, mask[None, None]))

    @_computing
    def layer_end(self, hidden: np.ndarray, ends: np.ndarray, context: Context, depth: int) -> np.ndarray:
        keys, values, mask = map(self._row, (context.keys, context.values, context.mask))
        candidates, places, layer = self._tensor(hidden), self._tensor(ends).long(), self.model.layer(depth)
        return _array(layer.candidate_end(candidates, places, keys, values, mask[None]))

    @_computing
    def head(self, hidden: np.ndarray) -> np.ndarray:
        return _array(self.model.score(self._tensor(hidden)))

    def close(self) -> None:
        """Nothing to give back: the model belongs to the caller."""

    def _tensor(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(array).to(self.device)

    def _row(self, array: np.ndarray) -> Tensor:
        """With a batch dimension of one."""
        return self._tensor(array)[None]


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.cpu().numpy()
