"""The torch model behind the runtime's engine interface: the reference that every export is held to."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from cloud.model import Encoder
from edge.bundle.shape import Shape
from edge.engines.protocol import Context


class TorchEngine:
    """Implements edge.engines.protocol.Engine with the cached forms of the model's own layer."""

    def __init__(self, model: Encoder) -> None:
        config = model.config
        self.model = model.eval()
        self.device = model.head_norm.weight.device
        self.shape = Shape(config.layers, config.hidden_size, config.heads, config.handover)

    def padded_user(self, tokens: int) -> int:
        return tokens

    def padded_candidates(self, count: int) -> int:
        return count

    @torch.inference_mode()
    def embed(self, ids: np.ndarray, positions: np.ndarray) -> np.ndarray:
        return _array(self.model.embed(self._row(ids).long(), self._row(positions).long())[0])

    @torch.inference_mode()
    def place(self, hidden: np.ndarray, slots: np.ndarray) -> np.ndarray:
        return _array(self.model.place(self._row(hidden), self._row(slots).long())[0])

    @torch.inference_mode()
    def layer(self, hidden: np.ndarray, mask: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        stepped, keys, values = self.model.layer(depth).user_step(self._row(hidden), self._row(mask)[None])
        return _array(stepped[0]), _array(keys[0]), _array(values[0])

    @torch.inference_mode()
    def layer_keys(self, hidden: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray]:
        _, keys, values = self.model.layer(depth).queries_keys_values(self._row(hidden))
        return _array(keys[0]), _array(values[0])

    @torch.inference_mode()
    def layer_candidate(self, hidden: np.ndarray, context: Context, depth: int) -> np.ndarray:
        keys, values, mask = map(self._row, (context.keys, context.values, context.mask))
        candidates, layer = self._tensor(hidden), self.model.layer(depth)
        return _array(layer.candidate_step(candidates, keys, values, mask[None, None]))

    @torch.inference_mode()
    def layer_end(self, hidden: np.ndarray, ends: np.ndarray, context: Context, depth: int) -> np.ndarray:
        keys, values, mask = map(self._row, (context.keys, context.values, context.mask))
        candidates, places, layer = self._tensor(hidden), self._tensor(ends).long(), self.model.layer(depth)
        return _array(layer.candidate_end(candidates, places, keys, values, mask[None]))

    @torch.inference_mode()
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
