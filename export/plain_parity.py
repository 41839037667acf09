"""Proof that the plain files, a request in one call, give the logits that torch does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from cloud.ranking.model import RankingModel
from edge.bundle.exits import Exit
from edge.conformance.golden import Golden, Logits
from edge.conformance.verify import compared
from edge.runtime.user_timeline import Reading
from edge.text.segments import Segment
from export.coreml.simulator.interpreter import MilInterpreter
from export.models import PLAIN
from export.parity import check_rows, exits_of
from export.plain import PlainSizes
from export.torch_logits import KeptEvents, TorchEngine

Arrays = Mapping[str, np.ndarray]
Call = Callable[[Arrays], np.ndarray]  # inputs by name -> logits (C,)


def compare_plain_files(
    directory: Path,
    model: RankingModel,
    reading: Reading,
    goldens: Sequence[Golden],
    sizes: PlainSizes,
    tolerances: Mapping[str, float],
) -> list[dict[str, Any]]:
    """One row per file, of the deepest exit and the first candidates of golden requests. Errors: a logit is off."""
    deepest, torch = exits_of(model)[-1], TorchEngine(model, reading, sizes.places)
    asked = [_first(golden, sizes.candidates) for golden in goldens]
    wanted = [replace(golden, logits=torch.logits(golden, [deepest])) for golden in asked]
    rows = []
    for engine, tolerance in tolerances.items():
        call = _opened(engine, directory / PLAIN[engine])
        answers = (_answer(call, model, reading, golden, sizes, deepest) for golden in wanted)
        rows += compared(PLAIN[engine], tolerance, wanted, answers)
    check_rows(rows)
    return [asdict(row) for row in rows]


def plain_inputs(model: RankingModel, reading: Reading, golden: Golden, sizes: PlainSizes) -> dict[str, np.ndarray]:
    """The arrays of a request of at most so many candidates, padded to `sizes`."""
    kept = KeptEvents.of(golden, reading, sizes.places)
    missing = np.isnan(golden.numbers)
    texts = (golden.ids["profile"], kept.items, golden.ids["candidates"], kept.phrases, golden.ids["contexts"])
    counts, longest = sizes.texts, model.shape.positions
    found = {name: _table(rows, counts[name], longest) for name, rows in zip(counts, texts, strict=True)}
    found |= {
        "event_numbers": _padded(kept.numbers, sizes.events),
        "event_missing": _padded(kept.missing, sizes.events),
        "candidate_numbers": _padded(np.where(missing, 0, golden.numbers), sizes.candidates),
        "candidate_missing": _padded(missing, sizes.candidates),
        "liked": _padded(np.array(kept.liked), sizes.events),
        "event_count": np.array([len(kept.items)], dtype=np.int32),
    }
    return {name: found[name] for name in sizes.inputs(model.shape)}


def _first(golden: Golden, candidates: int) -> Golden:
    """With so many of its candidates at most."""
    request = replace(golden.request, candidates=golden.request.candidates[:candidates])
    ids = {name: ids[:candidates] if name in ("candidates", "contexts") else ids for name, ids in golden.ids.items()}
    return replace(golden, request=request, ids=ids, numbers=golden.numbers[:candidates], logits={})


def _answer(call: Call, model: RankingModel, reading: Reading, golden: Golden, sizes: PlainSizes, exit: Exit) -> Logits:
    return {exit: call(plain_inputs(model, reading, golden, sizes))[: len(golden.request.candidates)]}


def _opened(engine: str, path: Path) -> Call:
    if engine == "coreml":
        interpreter = MilInterpreter(path)
        return lambda inputs: interpreter.run("main", dict(inputs))["logits"]
    if engine == "litert":
        from ai_edge_litert.interpreter import Interpreter

        rank = Interpreter(str(path)).get_signature_runner("rank")
        return lambda inputs: np.asarray(rank(**inputs)["logits"])
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda inputs: np.asarray(session.run(None, dict(inputs))[0])


def _table(texts: Sequence[Segment], rows: int, longest: int) -> np.ndarray:
    """(text, token) ids, 0 behind the last of each."""
    table = np.zeros((rows, longest), dtype=np.int32)
    for row, text in enumerate(texts):
        table[row, : len(text)] = text[:longest]
    return table


def _padded(rows: np.ndarray, count: int) -> np.ndarray:
    """With rows of zeros behind them."""
    found = np.zeros((count, *rows.shape[1:]), dtype=np.float32)
    found[: len(rows)] = rows
    return found
