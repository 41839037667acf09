"""ONNX Runtime: one graph per entry point over one file of weights, dynamic shapes. Normative: ENGINE.md."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from edge.engines.chunk import Chunk
from edge.engines.opening import unreadable
from edge.engines.protocol import Entries
from edge.engines.shape import ModelShape
from edge.engines.signatures import Dims, Signature, signatures
from edge.engines.timeline import PARTS, NewPlaces, Timeline
from edge.errors import EdgeError

WEIGHTS = "weights.bin"


class OnnxEngine:
    """Runs `embed.onnx`, `encode.onnx`, `summarise.onnx`, `append.onnx`, `score_0.onnx` and `score_L.onnx`.

    Weights stay as they are in the mapped file, where all graphs read them: prepacked ones, which each graph and each
    application of the layer would have of its own, save time for a single row alone. No graph keeps an arena.
    """

    chunk_tokens, chunk_segments = 256, 64

    def __init__(self, directory: Path, shape: ModelShape, threads: int = 1) -> None:
        wanted = signatures(shape)
        _check_files(directory, [*(f"{name}.onnx" for name in wanted), WEIGHTS])
        self.shape = shape
        self._sessions = {name: _session(directory / f"{name}.onnx", threads) for name in wanted}
        for name, signature in wanted.items():
            _check_signature(directory / f"{name}.onnx", self._sessions[name], signature)
        self._arrays = {name: (tuple(each.inputs), tuple(each.outputs)) for name, each in wanted.items()}

    def padded_tokens(self, tokens: int) -> int:
        return tokens

    def padded_candidates(self, count: int, depth: int) -> int:
        return count

    def summarise(self, chunk: Chunk, depth: int) -> np.ndarray:
        if not len(chunk):
            return np.zeros((0, self.shape.hidden), dtype=np.float32)
        hidden = self._kept("embed", ids=_value(chunk.ids), positions=_value(chunk.positions))
        mask = _value(chunk.mask()) if depth else None
        for _ in range(depth):
            hidden = self._kept("encode", hidden=hidden, mask=mask)
        weights = _value(chunk.weights(chunk.count))
        summaries: np.ndarray = self._kept("summarise", hidden=hidden, weights=weights).numpy()
        return summaries

    def append(self, entries: Entries, profile: bool, timeline: Timeline) -> NewPlaces:
        count = len(entries)
        if not count:
            return _kept_of(timeline, 0)  # ONNX Runtime divides by the number of rows, and the process ends
        events = np.ones(count, dtype=np.float32)
        events[:1] = 0 if profile else 1
        looked_at = {"keys": timeline.keys, "values": timeline.values, "apart": timeline.apart_of_new(count)}
        new = self._run("append", **_entries(entries), **looked_at, events=events)
        of_no_element = _kept_of(timeline, count)
        return replace(of_no_element, **{name.removeprefix("new_"): array for name, array in new.items()})

    def score(self, candidates: Entries, timeline: Timeline, depth: int) -> np.ndarray:
        if not len(candidates):
            return np.zeros((depth + 1, 0), dtype=np.float32)
        layers = self.shape.interact_layers
        kept = {name: getattr(timeline, name) for name in PARTS}
        logits = self._run(
            f"score_{layers if depth else 0}",
            **_entries(candidates),
            **kept,
            events=timeline.events,
            liked=timeline.liked,
            apart=timeline.apart(),
        )["logits"]
        return logits[: depth + 1]

    def close(self) -> None:
        self._sessions.clear()

    def _run(self, entry: str, **arrays: np.ndarray) -> dict[str, np.ndarray]:
        """Those of the arrays that the entry point takes."""
        inputs, outputs = self._arrays[entry]
        results = self._sessions[entry].run(outputs, {name: arrays[name] for name in inputs})
        return dict(zip(outputs, results, strict=True))

    def _kept(self, entry: str, **values: Any) -> Any:
        """The one output, as a value of ONNX Runtime's that the next entry point reads where it is."""
        return self._sessions[entry].run_with_ort_values(None, values)[0]


def _kept_of(timeline: Timeline, count: int) -> NewPlaces:
    """What the first places keep."""
    arrays = {name: getattr(timeline, name)[:count] for name in PARTS}
    return NewPlaces(**arrays | {name: getattr(timeline, name)[:, :, :count] for name in ("keys", "values")})


def _entries(entries: Entries) -> dict[str, np.ndarray]:
    return {
        "items": entries.items,
        "phrases": entries.phrases,
        "numbers": entries.numbers,
        "missing": entries.missing,
    }


def _value(array: np.ndarray) -> Any:
    from onnxruntime import OrtValue

    return OrtValue.ortvalue_from_numpy(array)


def _check_files(directory: Path, names: list[str]) -> None:
    absent = [name for name in names if not (directory / name).is_file()]
    if absent:
        raise EdgeError(f"{directory} has no {', '.join(absent)}", fix="export the bundle again")


def _session(path: Path, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_cpu_mem_arena = False
    options.add_session_config_entry("session.disable_prepacking", "1")
    try:
        return onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no base class of their own
        raise unreadable(path, error) from error


def _check_signature(path: Path, session: Any, wanted: Signature) -> None:
    """Refuse a graph of another shape than the manifest's: its scores would be others."""
    for kind, dims_of, nodes in (
        ("input", wanted.inputs, session.get_inputs()),
        ("output", wanted.outputs, session.get_outputs()),
    ):
        found = {node.name: tuple(node.shape) for node in nodes}
        for name in sorted(found.keys() | dims_of.keys()):
            if not _fits(found.get(name), dims_of.get(name)):
                raise EdgeError(
                    f"{path} is not the model that the manifest describes",
                    evidence=f"its {kind} {name} is {_said(found.get(name))}, not {_said(dims_of.get(name))}",
                    fix="export the bundle again",
                )


def _fits(found: Dims | None, wanted: Dims | None) -> bool:
    """Words are sizes that a call chooses, whatever they are called."""
    if found is None or wanted is None or len(found) != len(wanted):
        return False
    return all(
        size == want if isinstance(want, int) else not isinstance(size, int)
        for size, want in zip(found, wanted, strict=True)
    )


def _said(dims: Dims | None) -> str:
    return "absent" if dims is None else f"({', '.join(map(str, dims))})"
