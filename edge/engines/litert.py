"""LiteRT for the ranking model: static shapes, so that what is computed is padded to a bucket that holds it."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

import numpy as np

from edge.engines.append_pieces import append_in_pieces
from edge.engines.buckets import name_of
from edge.engines.checked_buckets import checked_buckets
from edge.engines.chunk import Chunk
from edge.engines.litert_graphs import Array, Graph, Graphs
from edge.engines.pieces import pieces
from edge.engines.protocol import Entries
from edge.engines.shape import ModelShape
from edge.engines.timeline import PARTS, NewPlaces, Timeline
from edge.errors import EdgeError

TIMELINE = ("keys", "values", "match_keys", "gates", "said", "factors", "events", "liked")


class LiteRtEngine:
    """Runs `model.tflite`, whose signatures are named after entry point and bucket, e.g. "score_2_64".

    Candidates do not see one another: in the place of padding stand those of an earlier call.
    """

    def __init__(self, directory: Path, shape: ModelShape, threads: int = 1) -> None:
        self.shape = shape
        path = directory / "model.tflite"
        self._graphs = Graphs(path, threads)
        self._buckets = checked_buckets(self._graphs.names, self._graphs.arrays, path, "signature", shape)
        self.chunk_segments, self.chunk_tokens = self._buckets["summarise"][0]
        self._turn = Lock()  # LiteRT's models, and the buffers that are kept, are not for several threads at once

    @property
    def signatures(self) -> tuple[str, ...]:
        """The names of its graphs."""
        return tuple(self._graphs.names)

    def padded_tokens(self, tokens: int) -> int:
        if tokens > self.chunk_tokens:
            raise EdgeError(
                f"a chunk of {tokens} tokens, the model's largest bucket holds {self.chunk_tokens}",
                fix="cut the texts into chunks as edge.engines.chunk does",
            )
        return next(size for size in self._encode_sizes() if size >= tokens)

    def padded_candidates(self, count: int, depth: int) -> int:
        return sum(size for _, _, size in pieces(count, self._candidate_sizes(depth)))

    def summarise(self, chunk: Chunk, depth: int) -> np.ndarray:
        with self._turn:
            hidden = self._embed(chunk)
            if depth:
                hidden = self._encode(hidden, chunk, depth)
            graph = self._graph("summarise", self.chunk_segments, self.chunk_tokens)
            graph.inputs["weights"].write(chunk.padded(self.chunk_tokens).weights(self.chunk_segments))
            graph.run(hidden=hidden)
            return graph.outputs["summaries"].read(chunk.count)

    def append(self, entries: Entries, profile: bool, timeline: Timeline) -> NewPlaces:
        sizes = [size for (size,) in self._buckets["append"]]
        return append_in_pieces(self._append, entries, profile, timeline, sizes)

    def score(self, candidates: Entries, timeline: Timeline, depth: int) -> np.ndarray:
        count, layers = len(candidates), self._layers(depth)
        logits = np.empty((depth + 1, count), dtype=np.float32)
        with self._turn:
            for start, stop, size in pieces(count, self._candidate_sizes(depth)):
                graph = self._graph("score", layers, size)
                if not start:  # the buffers of all sizes are the same
                    _write_timeline(graph, timeline)
                _write_entries(graph, candidates.part(start, stop))
                graph.run()
                logits[:, start:stop] = graph.outputs["logits"].read()[: depth + 1, : stop - start]
        return logits

    def close(self) -> None:
        with self._turn:
            self._graphs.close()

    def _embed(self, chunk: Chunk) -> Array:
        """Hidden states of the largest bucket."""
        self.padded_tokens(len(chunk))  # or it is refused
        graph, padded = self._graph("embed", self.chunk_tokens), chunk.padded(self.chunk_tokens)
        graph.inputs["ids"].write(padded.ids)
        graph.inputs["positions"].write(padded.positions)
        graph.run()
        return graph.outputs["hidden"]

    def _encode(self, hidden: Array, chunk: Chunk, depth: int) -> Array:
        """States go to and fro between two buffers; a smaller bucket has its own two, and gives its rows back."""
        tokens = self.padded_tokens(len(chunk))
        graph, smaller = self._graph("encode", tokens), tokens < self.chunk_tokens
        graph.inputs["mask"].write(chunk.padded(tokens).mask())
        now, then = graph.inputs["hidden"] if smaller else hidden, graph.outputs["stepped"]
        if smaller:
            now.write(hidden.read(tokens))
        for _ in range(depth):
            graph.run(hidden=now, into_stepped=then)
            now, then = then, now
        if not smaller:
            return now
        hidden.write(now.read())
        return hidden

    def _append(self, entries: Entries, size: int, profile: bool, timeline: Timeline) -> NewPlaces:
        count, shape = len(entries), self.shape
        with self._turn:
            graph = self._graph("append", size)
            _write_entries(graph, entries, clear=True)
            if "keys" in graph.inputs:
                graph.inputs["keys"].write(timeline.keys)
                graph.inputs["values"].write(timeline.values)
                graph.inputs["apart"].write(_padded_apart(timeline, count, size))
            if "events" in graph.inputs:
                events = np.ones(count, dtype=np.float32)
                events[: int(profile)] = 0
                graph.inputs["events"].write(events, clear=True)
            graph.run()
            found = {name: graph.outputs[f"new_{name}"] for name in PARTS if f"new_{name}" in graph.outputs}
            kept = {name: array.read(None if name in ("keys", "values") else count) for name, array in found.items()}
        empty = np.zeros((0, shape.heads, size, shape.head_width), dtype=np.float32)
        return NewPlaces(
            keys=kept.get("keys", empty)[:, :, :count],
            values=kept.get("values", empty)[:, :, :count],
            match_keys=kept["match_keys"],
            gates=kept["gates"],
            said=kept["said"],
            factors=kept.get("factors", np.zeros((count, 0), dtype=np.float32)),
        )

    def _graph(self, entry: str, *sizes: int) -> Graph:
        return self._graphs[name_of(entry, sizes)]

    def _encode_sizes(self) -> list[int]:
        return [tokens for (tokens,) in self._buckets.get("encode", self._buckets["embed"])]

    def _layers(self, depth: int) -> int:
        """Of the graph that scores at an interact depth."""
        return self.shape.interact_layers if depth else 0

    def _candidate_sizes(self, depth: int) -> list[int]:
        return [count for layers, count in self._buckets["score"] if layers == self._layers(depth)]


def _write_entries(graph: Graph, entries: Entries, clear: bool = False) -> None:
    for name in ("items", "phrases", "numbers", "missing"):
        if name in graph.inputs:
            graph.inputs[name].write(getattr(entries, name), clear)


def _write_timeline(graph: Graph, timeline: Timeline) -> None:
    for name in TIMELINE:
        if name in graph.inputs:
            graph.inputs[name].write(getattr(timeline, name))
    if "apart" in graph.inputs:
        graph.inputs["apart"].write(timeline.apart())


def _padded_apart(timeline: Timeline, count: int, size: int) -> np.ndarray:
    """(size, place + size): nothing attends to padding."""
    apart = timeline.apart_of_new(count)
    if count == size:
        return apart
    padded = np.full((size, timeline.shape.places + size), timeline.shape.distances, dtype=np.int32)
    padded[:count, : apart.shape[1]] = apart
    return padded
