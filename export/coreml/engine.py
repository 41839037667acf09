"""The ranking model's Core ML package behind the engine interface, computed by the simulator: for checking alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge.engines.append_pieces import append_in_pieces
from edge.engines.buckets import fixed, name_of
from edge.engines.checked_buckets import checked_buckets
from edge.engines.chunk import Chunk
from edge.engines.pieces import pieces
from edge.engines.protocol import Entries
from edge.engines.shape import ModelShape
from edge.engines.timeline import PARTS, NewPlaces, Timeline
from edge.errors import EdgeError
from export.coreml.simulator.interpreter import Arithmetic, MilInterpreter

PACKAGE = "Model.mlpackage"


class CoreMlEngine:
    """Runs `Model.mlpackage`, whose functions are named after entry point and bucket, e.g. "score_2_64". `threads` is
    left to numpy's BLAS."""

    def __init__(
        self, directory: Path, shape: ModelShape, threads: int = 1, arithmetic: Arithmetic = "program"
    ) -> None:
        self.shape = shape
        package = directory / PACKAGE
        self._interpreter = MilInterpreter(package, arithmetic)
        functions = self._interpreter.functions
        self._buckets = checked_buckets(functions, self._interpreter.arrays, package, "function", shape)
        self.chunk_segments, self.chunk_tokens = self._buckets["summarise"][0]

    def padded_tokens(self, tokens: int) -> int:
        if tokens > self.chunk_tokens:
            raise EdgeError(
                f"a chunk of {tokens} tokens, the model's largest bucket holds {self.chunk_tokens}",
                fix="cut the texts into chunks as edge.engines.chunk does",
            )
        sizes = self._buckets.get("encode", self._buckets["embed"])
        return next(size for (size,) in sizes if size >= tokens)

    def padded_candidates(self, count: int, depth: int) -> int:
        sizes = self._candidate_sizes(self.shape.interact_layers if depth else 0)
        return sum(size for _, _, size in pieces(count, sizes))

    def summarise(self, chunk: Chunk, depth: int) -> np.ndarray:
        """A smaller bucket of "encode" takes the first rows, and gives them back."""
        tokens, most = self.padded_tokens(len(chunk)), self.chunk_tokens
        padded = chunk.padded(most)
        hidden = self._run("embed", most, ids=padded.ids, positions=padded.positions)["hidden"]
        mask, states = chunk.padded(tokens).mask(), hidden[:tokens]
        for _ in range(depth):
            states = self._run("encode", tokens, hidden=states, mask=mask)["stepped"]
        arrays = {"hidden": np.concatenate([states, hidden[tokens:]]), "weights": padded.weights(self.chunk_segments)}
        return self._run("summarise", self.chunk_segments, most, **arrays)["summaries"][: chunk.count]

    def append(self, entries: Entries, profile: bool, timeline: Timeline) -> NewPlaces:
        sizes = [size for (size,) in self._buckets["append"]]
        return append_in_pieces(self._append, entries, profile, timeline, sizes)

    def score(self, candidates: Entries, timeline: Timeline, depth: int) -> np.ndarray:
        layers = self.shape.interact_layers if depth else 0
        kept = {name: getattr(timeline, name) for name in (*PARTS, "events", "liked")} | {"apart": timeline.apart()}
        logits = np.empty((depth + 1, len(candidates)), dtype=np.float32)
        for start, stop, size in pieces(len(candidates), self._candidate_sizes(layers)):
            arrays = kept | _padded(candidates.part(start, stop), size)
            found = self._run("score", layers, size, **arrays)["logits"]
            logits[:, start:stop] = found[: depth + 1, : stop - start]
        return logits

    def close(self) -> None:
        """Nothing is held but memory."""

    def _append(self, entries: Entries, size: int, profile: bool, timeline: Timeline) -> NewPlaces:
        count, shape = len(entries), self.shape
        events = np.zeros(size, dtype=np.float32)
        events[int(profile) : count] = 1
        apart = np.pad(timeline.apart_of_new(count), (0, size - count), constant_values=shape.distances)
        looked_at = {"keys": timeline.keys, "values": timeline.values, "apart": apart}
        found = self._run("append", size, **_padded(entries, size), **looked_at, events=events)
        empty = np.zeros((0, shape.heads, count, shape.head_width), dtype=np.float32)
        kept = {
            name.removeprefix("new_"): array[:, :, :count] if array.ndim == 4 else array[:count]
            for name, array in found.items()
        }
        of_no_element = {"keys": empty, "values": empty, "factors": np.zeros((count, 0), dtype=np.float32)}
        return NewPlaces(**of_no_element | kept)

    def _run(self, entry: str, *sizes: int, **arrays: np.ndarray) -> dict[str, np.ndarray]:
        """With those of the arrays that the function takes."""
        signature = fixed(entry, sizes, self.shape)
        assert signature is not None
        return self._interpreter.run(name_of(entry, sizes), {name: arrays[name] for name in signature.inputs})

    def _candidate_sizes(self, layers: int) -> list[int]:
        return [count for depth, count in self._buckets["score"] if depth == layers]


def _padded(entries: Entries, size: int) -> dict[str, np.ndarray]:
    """By name, with rows of zeros behind them."""
    rows = ((0, size - len(entries)), (0, 0))
    return {name: np.pad(getattr(entries, name), rows) for name in Entries.__dataclass_fields__}
