"""Replays a bundle's golden requests: what an app team runs first, and every release runs again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.backends import RUNNABLE, open_engine
from edge.engine import Engine
from edge.errors import EdgeError
from edge.golden import Golden, read_golden, render, score
from edge.install import install
from edge.metrics import top_overlap
from edge.ranker import read_encoder, read_shape
from edge.text.sequence import TextEncoder


@dataclass(frozen=True)
class Result:
    """One backend, plan and exit against the golden scores; `exit` 0 is the text side, counted in mismatches."""

    backend: str
    plan: str
    exit: int
    requests: int
    max_difference: float  # of a logit
    top10: float  # mean agreement of the ten best
    tolerance: float
    passed: bool


def verify(path: Path | str, backends: Sequence[str] | None = None) -> list[Result]:
    """Replay text, ids and scores on the given backends, or on all that the bundle carries and that run here."""
    directory = install(path)
    manifest = json.loads((directory / "manifest.json").read_text())
    golden = list(read_golden((directory / "golden.jsonl").read_text(encoding="utf-8").splitlines()))
    if not golden:
        raise EdgeError(f"{path} carries no golden request: nothing can be verified")
    carried = [name for name in RUNNABLE if (directory / "models" / name).is_dir()]
    results = [check_text(read_encoder(directory), golden)]
    for backend in backends or carried:
        engine = open_engine(backend, directory / "models", read_shape(manifest))
        results += check_scores(engine, golden, backend, manifest["golden"]["tolerance"])
        engine.close()
    return results


def check_text(encoder: TextEncoder, golden: Sequence[Golden]) -> Result:
    """Rendering and tokenising must reproduce every text and every id."""
    wrong = 0
    for record in golden:
        user = encoder.user(record.request.user, record.request.events)
        candidates = tuple(encoder.candidate(item) for item in record.request.candidates)
        same = (render(encoder, record.request), user, candidates) == (
            record.texts,
            record.user,
            record.candidates,
        )
        wrong += not same
    return Result("text", "-", 0, len(golden), float(wrong), 1.0 - wrong / max(len(golden), 1), 0.0, wrong == 0)


def check_scores(engine: Engine, golden: Sequence[Golden], backend: str, tolerance: float) -> list[Result]:
    """Every plan and exit must come within `tolerance` of the reference's logits."""
    differences: dict[tuple[str, int], list[float]] = {}
    overlaps: dict[tuple[str, int], list[float]] = {}
    for record in golden:
        found = score(engine, record.user, record.candidates)
        for plan, exits in record.scores.items():
            for depth, wanted in exits.items():
                got = found.get(plan, {}).get(depth, np.empty(0))
                if got.shape != wanted.shape:
                    raise EdgeError(f"a golden request has scores of exit {depth} ({plan}) that the model cannot give")
                differences.setdefault((plan, depth), []).append(float(np.abs(got - wanted).max()))
                overlaps.setdefault((plan, depth), []).append(top_overlap(wanted, got))
    return [
        Result(
            backend, plan, depth, len(golden), float(np.max(worst)), float(np.mean(overlaps[plan, depth])), tolerance,
            bool(np.max(worst) <= tolerance),  # not max(): it may pass over a NaN
        )
        for (plan, depth), worst in differences.items()
    ]  # fmt: skip
