"""Proof that the plain files, one call a candidate, give the scores of the golden requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from edge.config import setting
from edge.conformance.golden import Golden
from edge.conformance.verify import Agreement
from edge.errors import EdgeError
from edge.text.sequence import Segment
from export.coreml.simulator.interpreter import MilInterpreter
from export.models import OLD_PACKAGE, PLAIN

Call = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]  # ids (1, t), mask (1, t), k (1,) -> score (1,)
REQUESTS, CANDIDATES = 3, 2  # one call computes the user anew for each candidate: a few show what all would


def compare_one_call(directory: Path, goldens: Sequence[Golden], tokens: int, tolerance: float) -> list[dict[str, Any]]:
    """One row per file and exit; `tokens` is what the static shapes hold. Errors: a score is off.

    The scores wanted are those of the prefix plan, which are the full plan's.
    """
    rows = []
    for name, call in _calls(directory):
        agreement = Agreement(name, tolerance)
        for golden in [golden for golden in goldens if golden.candidates and "prefix" in golden.scores][:REQUESTS]:
            wanted = {depth: scores[:CANDIDATES] for depth, scores in golden.scores["prefix"].items()}
            found = {
                depth: np.concatenate([_score(call, golden, each, depth, tokens) for each in range(len(scores))])
                for depth, scores in wanted.items()
            }
            agreement.add({"full": wanted}, {"full": found})
        rows += agreement.results()
    wrong = [row for row in rows if not row.passed]
    if wrong:
        worst = max(wrong, key=lambda row: row.max_difference)
        raise EdgeError(
            f"{worst.engine} differs from torch by {worst.max_difference:.3g} at k = {worst.exit}",
            evidence=f"{len(wrong)} of {len(rows)} comparisons are beyond the tolerance of {tolerance:g}",
            fix=f"if that is a rounding error, raise {setting('int8_tolerance')}",
        )
    return [asdict(row) for row in rows]


def _score(call: Call, golden: Golden, candidate: int, depth: int, tokens: int) -> np.ndarray:
    ids, mask = one_call_inputs([*golden.user, golden.candidates[candidate]], tokens)
    return np.asarray(call(ids, mask, np.array([depth], dtype=np.int32)))


def one_call_inputs(segments: Sequence[Segment], tokens: int) -> tuple[np.ndarray, np.ndarray]:
    """Ids and segment numbers, (1, tokens) int32 each, padded behind; the last segment is the candidate."""
    ids, mask = np.zeros((2, 1, tokens), dtype=np.int32)
    numbers = np.repeat(np.arange(len(segments)) + 1, [len(segment) for segment in segments])
    ids[0, : len(numbers)] = np.concatenate([np.asarray(segment) for segment in segments])
    mask[0, : len(numbers)] = numbers
    return ids, mask


def _calls(directory: Path) -> Iterator[tuple[str, Call]]:
    """The plain files that are there, by name."""
    import onnxruntime
    from ai_edge_litert.interpreter import Interpreter

    tflite, onnx = (directory / name for name in PLAIN)
    run = Interpreter(str(tflite)).get_signature_runner("run")
    yield tflite.name, lambda ids, mask, k: run(ids=ids, mask=mask, k=k)["score"]
    session = onnxruntime.InferenceSession(str(onnx), providers=["CPUExecutionProvider"])
    yield onnx.name, lambda ids, mask, k: session.run(None, {"ids": ids, "mask": mask, "k": k})[0]
    package = directory / OLD_PACKAGE
    if package.exists():
        interpreter = MilInterpreter(package)
        yield package.name, lambda ids, mask, k: interpreter.run("main", {"ids": ids, "mask": mask, "k": k})["score"]
