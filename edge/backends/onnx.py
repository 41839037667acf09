"""ONNX Runtime: one small graph per entry point, no weight in two of them, dynamic shapes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge.backends import unreadable
from edge.engine import MASKED, Shape

ENTRY_POINTS = ("embed", "place", "layer", "head")


class OnnxEngine:
    """Runs `embed.onnx`, `place.onnx`, `layer.onnx` and `head.onnx`.

    One layer graph serves users and candidates, so that its weights exist once: a user's own mask is open and
    the keys it is given are masked away; a candidate's own mask is causal.
    """

    def __init__(self, directory: Path, shape: Shape, threads: int = 1) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.shape = shape
        self._sessions = {}
        for name in ENTRY_POINTS:
            path = str(directory / f"{name}.onnx")
            try:
                self._sessions[name] = onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])
            except Exception as error:  # onnxruntime's errors have no base class of their own
                raise unreadable(Path(path), error) from error
        self._nobody = np.zeros((shape.heads, 1, shape.hidden // shape.heads), dtype=np.float32)

    def padded_user(self, tokens: int) -> int:
        return tokens

    def padded_candidates(self, count: int) -> int:
        return count

    def embed(self, ids: np.ndarray, positions: np.ndarray) -> np.ndarray:
        return self._run("embed", ids=ids, positions=positions)[0]

    def place(self, hidden: np.ndarray, slots: np.ndarray) -> np.ndarray:
        return self._run("place", hidden=hidden, slots=slots)[0]

    def layer(self, hidden: np.ndarray, mask: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        nobody = {"user_keys": self._nobody, "user_values": self._nobody, "user_mask": np.array([MASKED])}
        stepped, keys, values = self._run("layer", hidden=hidden[None], own_mask=mask, **nobody)
        return stepped[0], keys[0], values[0]

    def layer_candidate(
        self, hidden: np.ndarray, keys: np.ndarray, values: np.ndarray, mask: np.ndarray, depth: int
    ) -> np.ndarray:
        seq = hidden.shape[1]
        causal = np.triu(np.full((seq, seq), MASKED), 1)
        user = {"user_keys": keys, "user_values": values, "user_mask": mask}
        return self._run("layer", hidden=hidden, own_mask=causal, **user)[0]

    def head(self, hidden: np.ndarray) -> np.ndarray:
        return self._run("head", hidden=hidden)[0]

    def close(self) -> None:
        self._sessions.clear()

    def _run(self, entry: str, **inputs: np.ndarray) -> list[np.ndarray]:
        outputs: list[np.ndarray] = self._sessions[entry].run(None, inputs)
        return outputs
