"""Proof that the exported files answer as torch does, at every exit and under every plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cloud.data.samples import load_samples
from cloud.model import Encoder
from cloud.stage import text_spec
from cloud.torch_engine import TorchEngine
from edge.backends import RUNNABLE, open_engine
from edge.errors import EdgeError
from edge.golden import Golden, make_golden
from edge.runs import Run
from edge.text.sequence import TextEncoder
from edge.text.types import Request
from edge.text.wordpiece import WordPiece
from edge.verify import Result, check_scores


def make_goldens(model: Encoder, prepared: Run, requests: int, candidates: int) -> list[Golden]:
    """Torch's answers to the first real test `requests`, each with at most that many `candidates`."""
    encoder = TextEncoder(text_spec(prepared), WordPiece.open(prepared.file("vocab.txt")))
    samples = [request for _, request in load_samples(prepared)][:requests]
    cut = [Request(sample.user, sample.events, sample.candidates[:candidates]) for sample in samples]
    return [make_golden(encoder, TorchEngine(model), request) for request in cut]


def compare(model: Encoder, models: Path, goldens: Sequence[Golden], tolerance: float) -> list[dict[str, Any]]:
    """One row per backend, plan and exit; an error if one of them is off."""
    rows: list[Result] = []
    for backend in RUNNABLE:
        engine = open_engine(backend, models, TorchEngine(model).shape)
        rows += check_scores(engine, goldens, backend, tolerance)
        engine.close()
    wrong = [row for row in rows if not row.passed]
    if wrong:
        worst = max(wrong, key=lambda row: row.max_difference)
        raise EdgeError(
            f"{worst.backend} differs from torch by {worst.max_difference:.4f} at exit {worst.exit} ({worst.plan})",
            evidence=f"{len(wrong)} of {len(rows)} comparisons are beyond the tolerance of {tolerance}",
        )
    return [asdict(row) for row in rows]
