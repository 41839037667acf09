"""Core ML's package behind the runtime's engine interface, computed by the interpreter: for checking, not for speed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge.bundle.shape import Shape
from edge.engines.buckets import Bucket, read_buckets
from edge.engines.protocol import MASKED, Context
from edge.errors import EdgeError
from export.coreml.simulator.interpreter import Arithmetic, MilInterpreter


class CoreMlEngine:
    """Runs `Model.mlpackage`. `threads` is left to numpy's BLAS."""

    def __init__(self, directory: Path, shape: Shape, threads: int = 1, arithmetic: Arithmetic = "program") -> None:
        self.shape = shape
        package = directory / "Model.mlpackage"
        self._interpreter = MilInterpreter(package, arithmetic)
        self._buckets = read_buckets(self._interpreter.functions, package, "function")

    def padded_user(self, tokens: int) -> int:
        return self._smallest("layer", tokens)[0]

    def padded_candidates(self, count: int) -> int:
        rows = self._buckets["layer_candidate"][0][1]
        return -(-count // rows) * rows

    def embed(self, ids: np.ndarray, positions: np.ndarray) -> np.ndarray:
        return self._in_pieces("embed", ids=ids[None], positions=positions[None])[0]

    def place(self, hidden: np.ndarray, slots: np.ndarray) -> np.ndarray:
        return self._in_pieces("place", hidden=hidden[None], slots=slots[None])[0]

    def layer(self, hidden: np.ndarray, mask: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        tokens = len(hidden)
        (bucket,) = self._smallest("layer", tokens)
        padded = {"hidden": _fill(hidden, 0, bucket)[None]}
        padded["mask"] = _fill(_fill(mask, 0, bucket, MASKED), 1, bucket, MASKED)[None, None]
        stepped, keys, values = self._interpreter.run(f"layer_{bucket}", padded).values()
        return stepped[0, :tokens], keys[0, :, :tokens], values[0, :, :tokens]

    def layer_keys(self, hidden: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray]:
        ((size,),) = self._buckets["layer_keys"]
        pieces = [_fill(hidden[start : start + size], 0, size)[None] for start in range(0, len(hidden), size)]
        found = [self._interpreter.run(f"layer_keys_{size}", {"hidden": piece}) for piece in pieces]
        keys, values = (np.concatenate([one[name] for one in found], 2) for name in ("keys", "values"))
        return keys[0, :, : len(hidden)], values[0, :, : len(hidden)]

    def layer_candidate(self, hidden: np.ndarray, context: Context, depth: int) -> np.ndarray:
        return self._in_chunks("layer_candidate", {"hidden": hidden}, context)[:, : hidden.shape[1]]

    def layer_end(self, hidden: np.ndarray, ends: np.ndarray, context: Context, depth: int) -> np.ndarray:
        return self._in_chunks("layer_end", {"hidden": hidden, "ends": ends.astype(np.int32)}, context)

    def head(self, hidden: np.ndarray) -> np.ndarray:
        return self._in_pieces("head", axis=0, hidden=hidden)

    def close(self) -> None:
        """Nothing is held but memory."""

    def _in_chunks(self, entry: str, candidates: dict[str, np.ndarray], context: Context) -> np.ndarray:
        """As many candidates at once as the buckets hold, each as long as they are."""
        count, seq, _ = candidates["hidden"].shape
        tokens, rows, longest = self._smallest(entry, len(context.mask), seq)
        user = {"keys": _fill(context.keys, 1, tokens)[None], "values": _fill(context.values, 1, tokens)[None]}
        user["mask"] = _fill(context.mask, 0, tokens, MASKED)[None, None, None]
        padded = candidates | {"hidden": _fill(candidates["hidden"], 1, longest)}
        stepped: list[np.ndarray] = []
        for start in range(0, count, rows):
            chunk = {name: _fill(array[start : start + rows], 0, rows) for name, array in padded.items()}
            stepped += self._interpreter.run(f"{entry}_{tokens}_{rows}_{longest}", chunk | user).values()
        return np.concatenate(stepped)[:count]

    def _in_pieces(self, entry: str, axis: int = 1, **inputs: np.ndarray) -> np.ndarray:
        """The inputs cut along `axis` into pieces of the one bucket that the entry point has."""
        ((size,),) = self._buckets[entry]
        length = next(iter(inputs.values())).shape[axis]
        parts: list[np.ndarray] = []
        for start in range(0, length, size):
            piece = {name: array.take(range(start, min(start + size, length)), axis) for name, array in inputs.items()}
            filled = {name: _fill(array, axis, size) for name, array in piece.items()}
            parts += self._interpreter.run(f"{entry}_{size}", filled).values()
        return np.concatenate(parts, axis).take(range(length), axis)

    def _smallest(self, entry: str, tokens: int, seq: int = 0) -> Bucket:
        for bucket in self._buckets[entry]:
            if bucket[0] >= tokens and bucket[-1] >= seq:
                return bucket
        raise EdgeError(
            f"no bucket of the package holds {tokens} user tokens" + f" and {seq} of a candidate" * bool(seq)
        )


def _fill(array: np.ndarray, axis: int, size: int, value: np.float32 | int = 0) -> np.ndarray:
    """`array` made `size` long on that axis."""
    widths = [(0, 0)] * array.ndim
    widths[axis] = (0, size - array.shape[axis])
    return np.pad(array, widths, constant_values=value)
