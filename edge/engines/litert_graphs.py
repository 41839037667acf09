"""The signatures of a LiteRT file, run with buffers that are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from edge.engines.litert_model import open_tflite

Dimensions = tuple[int, ...]
KINDS: dict[str, type] = {"float32": np.float32, "int32": np.int32}


@dataclass(frozen=True)
class Array:
    """One of a signature, and LiteRT's buffer for it."""

    dimensions: Dimensions
    kind: type
    buffer: Any

    def write(self, values: np.ndarray, clear: bool = False) -> None:
        """All of it, or the first rows: the others stay, or become 0 if they are to `clear`."""
        if clear and len(values) < self.dimensions[0]:
            rows, values = values, np.zeros(self.dimensions, dtype=self.kind)
            values[: len(rows)] = rows
        self.buffer.write(values)

    def read(self, rows: int | None = None) -> np.ndarray:
        """A copy of all of it, or of the first rows."""
        first, *rest = self.dimensions
        dimensions = (first if rows is None else rows, *rest)
        values: np.ndarray = self.buffer.read(prod(dimensions), self.kind).reshape(dimensions)
        return values


@dataclass(frozen=True)
class Graph:
    """A signature and its arrays by name."""

    model: Any
    index: int
    inputs: Mapping[str, Array]
    outputs: Mapping[str, Array]

    def run(self, **others: Array) -> None:
        """With `others` in the place of inputs, or of an output that `into_NAME` names."""
        sources = [others.get(name, array).buffer for name, array in self.inputs.items()]
        targets = [others.get(f"into_{name}", array).buffer for name, array in self.outputs.items()]
        self.model.run_by_index(self.index, sources, targets)


class Graphs:
    """Buffers are made when a signature is first used: one for every name and size, whichever signatures have it.

    So what is written for one is there for another. For one thread at a time.
    """

    def __init__(self, path: Path, threads: int) -> None:
        self._model: Any = open_tflite(path, threads)
        self._listed: dict[str, dict[str, list[str]]] = self._model.get_signature_list()
        self._graphs: dict[str, Graph] = {}
        self._arrays: dict[tuple[str, Dimensions, bool], Array] = {}

    @property
    def names(self) -> list[str]:
        """Names of the signatures, which are the buckets."""
        return list(self._listed)

    def arrays(self, signature: str) -> tuple[dict[str, tuple[str, Dimensions]], dict[str, tuple[str, Dimensions]]]:
        """Type and size of its inputs and of its outputs, by name."""
        inputs, outputs = (
            {name: (details["dtype"], tuple(details["shape"])) for name, details in of.items()}
            for of in self._details(signature)
        )
        return inputs, outputs

    def __getitem__(self, signature: str) -> Graph:
        if signature not in self._graphs:
            inputs, outputs = (
                {name: self._array(signature, name, details[name], output) for name in self._listed[signature][side]}
                for side, details, output in zip(
                    ("inputs", "outputs"), self._details(signature), (False, True), strict=True
                )
            )
            index = self._model.get_signature_index(signature)
            self._graphs[signature] = Graph(self._model, index, inputs, outputs)
        return self._graphs[signature]

    def close(self) -> None:
        """Give the memory back."""
        self._graphs.clear()
        self._arrays.clear()
        self._model = None

    def _details(self, signature: str) -> tuple[dict[str, Any], dict[str, Any]]:
        return self._model.get_input_tensor_details(signature), self._model.get_output_tensor_details(signature)

    def _array(self, signature: str, name: str, details: Mapping[str, Any], output: bool) -> Array:
        """The one of that name and size, zero if it is new."""
        dimensions, kind = tuple(details["shape"]), KINDS[details["dtype"]]
        key = name, dimensions, output
        if key not in self._arrays:
            side = "output" if output else "input"
            buffer = getattr(self._model, f"create_{side}_buffer_by_name")(signature, name)
            buffer.write(np.zeros(dimensions, dtype=kind))
            self._arrays[key] = Array(dimensions, kind, buffer)
        return self._arrays[key]
