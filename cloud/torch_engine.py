"""The torch model behind the runtime's engine interface: the reference that every export is held to."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from cloud.model import Encoder
from edge.engine import Context, Shape


class TorchEngine:
    """Implements edge.engine.Engine with the cached forms of the model's own layer."""

    def __init__(self, model: Encoder) -> None:
        config = model.config
        self.model = model.eval()
        self.shape = Shape(config.layers, config.hidden_size, config.heads, config.handover)

    def padded_user(self, tokens: int) -> int:
        return tokens

    def padded_candidates(self, count: int) -> int:
        return count

    @torch.inference_mode()
    def embed(self, ids: np.ndarray, positions: np.ndarray) -> np.ndarray:
        return self.model.embed(_row(ids).long(), _row(positions).long())[0].numpy()

    @torch.inference_mode()
    def place(self, hidden: np.ndarray, slots: np.ndarray) -> np.ndarray:
        return self.model.place(_row(hidden), _row(slots).long())[0].numpy()

    @torch.inference_mode()
    def layer(self, hidden: np.ndarray, mask: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        stepped, keys, values = self.model.layer(depth).user_step(_row(hidden), _row(mask)[None])
        return stepped[0].numpy(), keys[0].numpy(), values[0].numpy()

    @torch.inference_mode()
    def layer_keys(self, hidden: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray]:
        _, keys, values = self.model.layer(depth).queries_keys_values(_row(hidden))
        return keys[0].numpy(), values[0].numpy()

    @torch.inference_mode()
    def layer_candidate(self, hidden: np.ndarray, context: Context, depth: int) -> np.ndarray:
        keys, values, user_mask = _row(context.keys), _row(context.values), _row(context.mask)[None, None]
        return self.model.layer(depth).candidate_step(torch.from_numpy(hidden), keys, values, user_mask).numpy()

    @torch.inference_mode()
    def layer_end(self, hidden: np.ndarray, ends: np.ndarray, context: Context, depth: int) -> np.ndarray:
        keys, values, user_mask = _row(context.keys), _row(context.values), _row(context.mask)[None]
        candidates, places = torch.from_numpy(hidden), torch.from_numpy(ends).long()
        return self.model.layer(depth).candidate_end(candidates, places, keys, values, user_mask).numpy()

    @torch.inference_mode()
    def head(self, hidden: np.ndarray) -> np.ndarray:
        return self.model.score(torch.from_numpy(hidden)).numpy()

    def close(self) -> None:
        """Nothing to give back: the model belongs to the caller."""


def _row(array: np.ndarray) -> Tensor:
    """With a batch dimension of one."""
    return torch.from_numpy(array)[None]
