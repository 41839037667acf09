"""ONNX Runtime: one small graph per entry point, no weight in two of them, dynamic shapes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge.bundle.shape import Shape
from edge.engines.opening import check_heads, unreadable
from edge.engines.protocol import MASKED, Context
from edge.errors import EdgeError

ENTRY_POINTS = ("embed", "place", "layer", "head")


class OnnxEngine:
    """Runs `embed.onnx`, `place.onnx`, `layer.onnx` and `head.onnx`.

    One layer graph serves users and candidates, so that its weights exist once: a user's own mask is open and
    the keys it is given are masked away; a candidate's own mask is causal. It steps the rows that it is told to.
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
        inputs = {one.name: one.shape for one in self._sessions["layer"].get_inputs()}
        if "rows" not in inputs:
            raise EdgeError(f"{directory / 'layer.onnx'} is no edge graph", evidence="it has no input 'rows'")
        heads, _, width = inputs["user_keys"]
        check_heads(directory / "layer.onnx", shape, heads, width)
        self._nobody = Context.nobody(shape)

    def padded_user(self, tokens: int) -> int:
        return tokens

    def padded_candidates(self, count: int) -> int:
        return count

    def embed(self, ids: np.ndarray, positions: np.ndarray) -> np.ndarray:
        return self._run("embed", ids=ids, positions=positions)[0]

    def place(self, hidden: np.ndarray, slots: np.ndarray) -> np.ndarray:
        return self._run("place", hidden=hidden, slots=slots)[0]

    def layer(self, hidden: np.ndarray, mask: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rows = np.arange(len(hidden), dtype=np.int64)
        stepped, keys, values = self._step(hidden[None], rows[None], mask[None], self._nobody)
        return stepped[0], keys[0], values[0]

    def layer_keys(self, hidden: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray]:
        # One row is stepped for nothing: ONNX Runtime refuses to reduce none.
        row, mask = np.zeros((1, 1), dtype=np.int64), np.zeros((1, 1, len(hidden)), dtype=np.float32)
        _, keys, values = self._step(hidden[None], row, mask, self._nobody)
        return keys[0], values[0]

    def layer_candidate(self, hidden: np.ndarray, context: Context, depth: int) -> np.ndarray:
        count, seq, _ = hidden.shape
        rows, causal = np.arange(seq, dtype=np.int64), np.triu(np.full((seq, seq), MASKED), 1)
        return self._step(hidden, np.tile(rows, (count, 1)), causal[None], context)[0]

    def layer_end(self, hidden: np.ndarray, ends: np.ndarray, context: Context, depth: int) -> np.ndarray:
        rows = ends.astype(np.int64)[:, None]
        later = np.where(np.arange(hidden.shape[1]) > rows, MASKED, np.float32(0))  # (candidates, seq)
        return self._step(hidden, rows, later[:, None], context)[0][:, 0]

    def head(self, hidden: np.ndarray) -> np.ndarray:
        return self._run("head", hidden=hidden)[0]

    def close(self) -> None:
        self._sessions.clear()

    def _step(self, hidden: np.ndarray, rows: np.ndarray, own_mask: np.ndarray, context: Context) -> list[np.ndarray]:
        """The states after the layer at `rows` of each sequence, and the keys and values of all."""
        user = {"user_keys": context.keys, "user_values": context.values, "user_mask": context.mask}
        return self._run("layer", hidden=hidden, rows=rows, own_mask=own_mask, **user)

    def _run(self, entry: str, **inputs: np.ndarray) -> list[np.ndarray]:
        outputs: list[np.ndarray] = self._sessions[entry].run(None, inputs)
        return outputs
