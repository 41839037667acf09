"""Proof that the exported files answer as torch does, at every exit and under every plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import inf
from pathlib import Path
from typing import Any

from tqdm import tqdm

from cloud.data.requests import EncodedRequest
from cloud.data.samples import load_samples
from cloud.model import Encoder
from cloud.runs.directory import Run
from cloud.stage import text_encoder
from cloud.torch_engine import TorchEngine
from edge.config import setting
from edge.conformance.coverage import MANY, coverage
from edge.conformance.golden import FEW, Golden, make_golden, score
from edge.conformance.verify import Agreement, Result, check_scores
from edge.engines.opening import RUNNABLE, open_engine
from edge.engines.protocol import Engine
from edge.errors import EdgeError
from edge.text.sequence import TextEncoder
from edge.text.types import Request
from export.exam import exam

BRIEF_EXITS = {"prefix": (1, 2)}  # of the record with many candidates: enough to fill every bucket again and again


def make_goldens(
    model: Encoder, prepared: Run, requests: int, candidates: int, buckets: Sequence[int] = ()
) -> list[Golden]:
    """Torch's answers to the first real test `requests`, each with at most that many `candidates`, and to what is
    made from them so that all of `edge.conformance.coverage` is examined. `buckets` are those of the user's tokens."""
    encoder = text_encoder(prepared)
    samples = [request for _, request in load_samples(prepared)]
    return answers(model, exam(samples, encoder, buckets, requests, candidates), encoder, buckets)


def answers(model: Encoder, requests: Sequence[Request], encoder: TextEncoder, buckets: Sequence[int]) -> list[Golden]:
    """Torch's answer to each request. Errors: together they leave something unexamined."""
    engine = TorchEngine(model)
    goldens = []
    for request in tqdm(requests, desc="golden requests", unit=" requests", leave=False, disable=None):
        many = len(request.candidates) >= MANY
        goldens.append(make_golden(encoder, engine, request, BRIEF_EXITS if many else None, brief=many))
    missing = coverage(goldens, encoder, buckets, engine.shape)
    if missing:
        raise EdgeError(
            "the golden requests do not examine all that they should",
            evidence=f"missing: {', '.join(missing)}",
            fix="prepare with more requests, or export with fewer buckets",
        )
    return goldens


def compare_engines(model: Encoder, models: Path, goldens: Sequence[Golden], tolerance: float) -> list[dict[str, Any]]:
    """One row per engine, plan and exit; an error if one of them is off."""
    rows: list[Result] = []
    for name in RUNNABLE:
        engine = open_engine(name, models, TorchEngine(model).shape)
        rows += check_scores(engine, goldens, name, tolerance)
        engine.close()
    wrong = [row for row in rows if not row.passed]
    if wrong:
        worst = max(wrong, key=lambda row: row.max_difference)
        raise EdgeError(
            f"{worst.engine} differs from torch by {worst.max_difference:.3g} at exit {worst.exit} ({worst.plan})",
            evidence=f"{len(wrong)} of {len(rows)} comparisons are beyond the tolerance of {tolerance:g}",
            fix=f"if that is a rounding error, raise {setting('float_tolerance')} or {setting('int8_tolerance')}",
        )
    return [asdict(row) for row in rows]


def parity_table(
    engines: Mapping[str, Engine], reference: Engine, requests: Sequence[EncodedRequest], tolerance: float = inf
) -> list[Result]:
    """Engine x plan x exit: how far each engine's logits are from the reference's, over many requests."""
    agreements = {name: Agreement(name, tolerance) for name in engines}
    in_full = {"full": range(1, reference.shape.layers + 1)}
    for request in tqdm(requests, desc="parity", unit=" requests", leave=False, disable=None):
        for candidates, exits in ((request.candidates, None), (request.candidates[:FEW], in_full)):
            wanted = score(reference, request.segments, candidates, exits)
            for name, engine in engines.items():
                agreements[name].add(wanted, score(engine, request.segments, candidates, exits))
    return [row for agreement in agreements.values() for row in agreement.results()]
