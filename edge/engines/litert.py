"""LiteRT: static shapes, so every array is padded to the smallest bucket that holds it."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from edge.bundle.shape import Shape
from edge.engines.buckets import Bucket, pieces, read_buckets
from edge.engines.litert_model import open_model
from edge.engines.opening import check_heads
from edge.engines.protocol import MASKED, Context
from edge.errors import EdgeError


class LiteRtEngine:
    """Runs `model.tflite`. Buckets are named after their entry point and bucket, e.g. "layer_64"."""

    def __init__(self, directory: Path, shape: Shape, threads: int = 1) -> None:
        self.shape = shape
        path = directory / "model.tflite"
        self._model: Any = open_model(path, threads)
        self._signatures = self._model.get_signature_list()
        self._buckets = read_buckets(self._signatures, path, "signature")
        heads, _, width = self._keys_shape()
        check_heads(path, shape, heads, width)
        self._turn, self._reading = Lock(), Lock()
        self._slots: dict[int, np.ndarray] = {}

    def padded_user(self, tokens: int) -> int:
        return self._smallest("layer", tokens)[0]

    def padded_candidates(self, count: int) -> int:
        rows = self._buckets["layer_candidate"][0][1]
        return -(-count // rows) * rows

    def embed(self, ids: np.ndarray, positions: np.ndarray) -> np.ndarray:
        parts = []
        for start, stop, bucket in pieces(len(ids), self._sizes("embed")):
            inputs = {"ids": _pad(ids[start:stop], (bucket,)), "positions": _pad(positions[start:stop], (bucket,))}
            parts.append(self._run("embed", (bucket,), inputs, hidden=(bucket, self.shape.hidden))["hidden"])
        return _joined(parts, len(ids))

    def place(self, hidden: np.ndarray, slots: np.ndarray) -> np.ndarray:
        asked, where = np.unique(slots, return_inverse=True)
        with self._reading:
            self._read_slots([slot for slot in asked.tolist() if slot not in self._slots])
            rows = [self._slots[slot] for slot in asked.tolist()]
        return hidden + np.stack(rows)[where]

    def _read_slots(self, slots: list[int]) -> None:
        """What `place` adds for each: read once from the model, for a call takes longer than the sum."""
        for start, stop, bucket in pieces(len(slots), self._sizes("place")):
            size = (bucket, self.shape.hidden)
            wanted = _pad(np.array(slots[start:stop], dtype=np.int32), (bucket,))
            inputs = {"hidden": np.zeros(size, dtype=np.float32), "slots": wanted}
            added = self._run("place", (bucket,), inputs, hidden=size)["hidden"][: stop - start].copy()
            self._slots |= zip(slots[start:stop], added, strict=True)

    def layer(self, hidden: np.ndarray, mask: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        tokens = len(hidden)
        (bucket,) = self._smallest("layer", tokens)
        size, heads = (bucket, self.shape.hidden), self._by_head(bucket)
        inputs = {"hidden": _pad(hidden, size), "mask": _pad(mask, (bucket, bucket), MASKED)}
        output = self._run("layer", (bucket,), inputs, hidden=size, keys=heads, values=heads)
        return output["hidden"][:tokens], output["keys"][:, :tokens], output["values"][:, :tokens]

    def layer_keys(self, hidden: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray]:
        keys, values = (np.empty(self._by_head(len(hidden)), dtype=np.float32) for _ in range(2))
        for start, stop, bucket in pieces(len(hidden), self._sizes("layer_keys")):
            rows, heads = _pad(hidden[start:stop], (bucket, self.shape.hidden)), self._by_head(bucket)
            output = self._run("layer_keys", (bucket,), {"hidden": rows}, keys=heads, values=heads)
            keys[:, start:stop] = output["keys"][:, : stop - start]
            values[:, start:stop] = output["values"][:, : stop - start]
        return keys, values

    def layer_candidate(self, hidden: np.ndarray, context: Context, depth: int) -> np.ndarray:
        return self._in_chunks("layer_candidate", hidden, context)

    def layer_end(self, hidden: np.ndarray, ends: np.ndarray, context: Context, depth: int) -> np.ndarray:
        return self._in_chunks("layer_end", hidden, context, ends)[:, 0]

    def head(self, hidden: np.ndarray) -> np.ndarray:
        parts = []
        for start, stop, bucket in pieces(len(hidden), self._sizes("head")):
            rows = {"hidden": _pad(hidden[start:stop], (bucket, self.shape.hidden))}
            parts.append(self._run("head", (bucket,), rows, score=(bucket,))["score"])
        return _joined(parts, len(hidden))

    def close(self) -> None:
        self._model = None

    def _in_chunks(
        self, entry: str, hidden: np.ndarray, context: Context, ends: np.ndarray | None = None
    ) -> np.ndarray:
        """As many candidates at once as the bucket holds: (candidates, seq, hidden), with `ends` a seq of 1."""
        count, seq, width = hidden.shape
        bucket = self._candidate_bucket(entry, len(context.mask), seq)
        tokens, rows, longest = bucket
        by_head, mask = self._by_head(tokens), _pad(context.mask, (tokens,), MASKED)
        user = {"keys": _pad(context.keys, by_head), "values": _pad(context.values, by_head), "mask": mask}
        given = longest if ends is None else 1
        stepped = np.empty((count, min(given, seq), width), dtype=np.float32)
        for start in range(0, count, rows):
            chunk = user | {"hidden": _pad(hidden[start : start + rows], (rows, longest, width))}
            if ends is not None:
                chunk["ends"] = _pad(ends[start : start + rows].astype(np.float32), (rows,))
            output = self._run(entry, bucket, chunk, hidden=(rows, given, width))["hidden"]
            stepped[start : start + rows] = output[: count - start, :seq]
        return stepped

    def _keys_shape(self) -> list[int]:
        """[heads, user tokens, head width], as the model itself has them."""
        name = "_".join(["layer", *map(str, self._buckets["layer"][0])])
        return list(self._model.get_output_tensor_details(name)["keys"]["shape"])

    def _by_head(self, tokens: int) -> tuple[int, int, int]:
        return self.shape.heads, tokens, self.shape.hidden // self.shape.heads

    def _run(
        self, entry: str, bucket: Bucket, inputs: dict[str, np.ndarray], **outputs: tuple[int, ...]
    ) -> dict[str, np.ndarray]:
        """Outputs are named with their shapes. Buffers live for one call: kept ones would add up over the buckets."""
        name = "_".join([entry, *map(str, bucket)])
        with self._turn:  # LiteRT's models are not for several threads at once
            return self._run_alone(name, inputs, outputs)

    def _run_alone(
        self, name: str, inputs: dict[str, np.ndarray], outputs: dict[str, tuple[int, ...]]
    ) -> dict[str, np.ndarray]:
        model = self._model
        sources = [model.create_input_buffer_by_name(name, key) for key in self._signatures[name]["inputs"]]
        for key, buffer in zip(self._signatures[name]["inputs"], sources, strict=True):
            buffer.write(inputs[key])
        targets = {key: model.create_output_buffer_by_name(name, key) for key in self._signatures[name]["outputs"]}
        model.run_by_index(model.get_signature_index(name), sources, list(targets.values()))
        del buffer, sources
        return {key: targets.pop(key).read(prod(shape), np.float32).reshape(shape) for key, shape in outputs.items()}

    def _sizes(self, entry: str) -> list[int]:
        return [bucket[0] for bucket in self._buckets[entry]]

    def _smallest(self, entry: str, size: int) -> Bucket:
        for bucket in self._buckets[entry]:
            if bucket[0] >= size:
                return bucket
        raise EdgeError(
            f"the user side has {size} tokens, the bundle's largest bucket is {self._buckets[entry][-1][0]}"
        )

    def _candidate_bucket(self, entry: str, user_tokens: int, seq: int) -> Bucket:
        for bucket in self._buckets[entry]:
            if bucket[0] >= user_tokens and bucket[2] >= seq:
                return bucket
        raise EdgeError(f"no bucket of the bundle holds {user_tokens} user tokens and candidates of {seq} tokens")


def _pad(array: np.ndarray, shape: Sequence[int], value: np.float32 | int = 0) -> np.ndarray:
    """`array` in the corner of a larger one, filled with `value`."""
    if array.shape == tuple(shape):
        return array
    padded = np.full(shape, value, dtype=array.dtype)
    padded[tuple(slice(size) for size in array.shape)] = array
    return padded


def _joined(parts: Sequence[np.ndarray], length: int) -> np.ndarray:
    return (parts[0] if len(parts) == 1 else np.concatenate(parts))[:length]
