"""LiteRT: static shapes, so every array is padded to the smallest bucket that holds it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge.backends import unreadable
from edge.engine import MASKED, Shape
from edge.errors import EdgeError

ENTRY_POINTS = ("embed", "place", "layer", "layer_candidate", "head")
Signature = tuple[int, ...]


class LiteRtEngine:
    """Runs `model.tflite`. Signatures are named after their entry point and bucket, e.g. "layer_64"."""

    def __init__(self, directory: Path, shape: Shape, threads: int = 1) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self.shape = shape
        path = directory / "model.tflite"
        try:
            self._interpreter = Interpreter(str(path), num_threads=threads)
        except (ValueError, RuntimeError) as error:
            raise unreadable(path, error) from error
        self._buckets: dict[str, list[Signature]] = {}
        for name in self._interpreter.get_signature_list():
            if parts := re.fullmatch(r"([a-z_]+?)((?:_\d+)+)", name):
                self._buckets.setdefault(parts[1], []).append(tuple(map(int, parts[2][1:].split("_"))))
        if missing := sorted(set(ENTRY_POINTS) - set(self._buckets)):
            raise EdgeError(f"{path} is no edge graph", evidence=f"no signature for: {', '.join(missing)}")
        for buckets in self._buckets.values():
            buckets.sort()
        self._runners: dict[str, Any] = {}

    def padded_user(self, tokens: int) -> int:
        return self._smallest("layer", tokens)[0]

    def padded_candidates(self, count: int) -> int:
        rows = self._buckets["layer_candidate"][0][1]
        return -(-count // rows) * rows

    def embed(self, ids: np.ndarray, positions: np.ndarray) -> np.ndarray:
        parts = []
        for start, stop, bucket in self._pieces("embed", len(ids)):
            padded = (_pad(array[start:stop], (bucket,))[None] for array in (ids, positions))
            parts.append(self._run("embed", (bucket,), **dict(zip(("ids", "positions"), padded, strict=True))))
        return _joined([part["hidden"][0] for part in parts], len(ids))

    def place(self, hidden: np.ndarray, slots: np.ndarray) -> np.ndarray:
        parts = []
        for start, stop, bucket in self._pieces("place", len(slots)):
            rows = _pad(hidden[start:stop], (bucket, self.shape.hidden))[None]
            output = self._run("place", (bucket,), hidden=rows, slots=_pad(slots[start:stop], (bucket,))[None])
            parts.append(output["hidden"][0])
        return _joined(parts, len(slots))

    def layer(self, hidden: np.ndarray, mask: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        tokens = len(hidden)
        (bucket,) = self._smallest("layer", tokens)
        padded_mask = _pad(mask, (bucket, bucket), MASKED)[None, None]
        padded = _pad(hidden, (bucket, self.shape.hidden))[None]
        output = self._run("layer", (bucket,), hidden=padded, mask=padded_mask)
        return output["hidden"][0, :tokens], output["keys"][0, :, :tokens], output["values"][0, :, :tokens]

    def layer_candidate(
        self, hidden: np.ndarray, keys: np.ndarray, values: np.ndarray, mask: np.ndarray, depth: int
    ) -> np.ndarray:
        count, seq, width = hidden.shape
        bucket = self._candidate_bucket(len(mask), seq)
        user_tokens, rows, padded_seq = bucket
        heads, _, head_width = keys.shape
        user = {
            "keys": _pad(keys, (heads, user_tokens, head_width))[None],
            "values": _pad(values, (heads, user_tokens, head_width))[None],
            "mask": _pad(mask, (user_tokens,), MASKED)[None, None, None],
        }
        stepped = np.empty_like(hidden)
        for start in range(0, count, rows):
            chunk = _pad(hidden[start : start + rows], (rows, padded_seq, width))
            output = self._run("layer_candidate", bucket, hidden=chunk, **user)["hidden"]
            stepped[start : start + rows] = output[: count - start, :seq]
        return stepped

    def head(self, hidden: np.ndarray) -> np.ndarray:
        parts = []
        for start, stop, bucket in self._pieces("head", len(hidden)):
            rows = _pad(hidden[start:stop], (bucket, self.shape.hidden))
            parts.append(self._run("head", (bucket,), hidden=rows)["score"])
        return _joined(parts, len(hidden))

    def close(self) -> None:
        self._runners.clear()
        self._interpreter = None

    def _run(self, entry: str, bucket: Signature, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        name = "_".join([entry, *map(str, bucket)])
        if name not in self._runners:
            self._runners[name] = self._interpreter.get_signature_runner(name)
        outputs: dict[str, np.ndarray] = self._runners[name](**inputs)
        return outputs

    def _pieces(self, entry: str, length: int) -> list[tuple[int, int, int]]:
        """(start, stop, bucket) that cover `length` rows: the largest bucket again and again, then one that fits."""
        largest = self._buckets[entry][-1][0]
        starts = range(0, length, largest)
        return [
            (start, min(start + largest, length), self._smallest(entry, min(largest, length - start))[0])
            for start in starts
        ]

    def _smallest(self, entry: str, size: int) -> Signature:
        for bucket in self._buckets[entry]:
            if bucket[0] >= size:
                return bucket
        raise EdgeError(
            f"the user side has {size} tokens, the bundle's largest bucket is {self._buckets[entry][-1][0]}"
        )

    def _candidate_bucket(self, user_tokens: int, seq: int) -> Signature:
        for bucket in self._buckets["layer_candidate"]:
            if bucket[0] >= user_tokens and bucket[2] >= seq:
                return bucket
        raise EdgeError(f"no bucket of the bundle holds {user_tokens} user tokens and candidates of {seq} tokens")


def _pad(array: np.ndarray, shape: Sequence[int], value: np.float32 | int = 0) -> np.ndarray:
    """`array` in the corner of a larger one, filled with `value`."""
    if array.shape == tuple(shape):
        return np.ascontiguousarray(array)
    padded = np.full(shape, value, dtype=array.dtype)
    padded[tuple(slice(size) for size in array.shape)] = array
    return padded


def _joined(parts: Sequence[np.ndarray], length: int) -> np.ndarray:
    return (parts[0] if len(parts) == 1 else np.concatenate(parts))[:length]
