"""Replays a bundle's golden requests: what an app team runs first, and every release runs again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from edge.bundle.install import install
from edge.bundle.keys import PublicKey
from edge.conformance.coverage import coverage
from edge.conformance.golden import Golden, Scores, completed, digest_of, encode, read_golden, score
from edge.engines.opening import BACKENDS, FROM_WEIGHTS, RUNNABLE, absent, open_engine
from edge.engines.protocol import Engine
from edge.errors import EdgeError
from edge.metrics import top_overlap
from edge.runtime.ranker import read_encoder, read_shape
from edge.text.sequence import TextEncoder

ALL = "all"  # of the backends


@dataclass(frozen=True)
class Result:
    """One backend, plan and exit against the golden scores; `exit` 0 is the text side, counted in mismatches."""

    backend: str
    plan: str
    exit: int
    requests: int
    max_difference: float  # of a logit
    mean_difference: float
    top10: float  # mean agreement of the ten best
    tolerance: float
    passed: bool


@dataclass(frozen=True)
class Verification:
    """What was checked; per backend why it was not; and what the golden requests leave unexamined."""

    results: list[Result]
    unchecked: dict[str, str]
    unexamined: list[str]

    @property
    def passed(self) -> bool:
        """True if text, ids and the scores of at least one backend are as they should be."""
        return len(self.results) > 1 and all(row.passed for row in self.results)


@dataclass
class Agreement:
    """How far one backend's scores are from those wanted, by plan and exit; grows with each request."""

    backend: str
    tolerance: float
    _differences: dict[tuple[str, int], list[np.ndarray]] = field(default_factory=dict)
    _overlaps: dict[tuple[str, int], list[float]] = field(default_factory=dict)

    def add(self, wanted: Scores, found: Scores) -> None:
        """Errors: a wanted score was not found."""
        for plan, exits in wanted.items():
            for depth, logits in exits.items():
                got = found.get(plan, {}).get(depth, np.empty(0))
                if got.shape != logits.shape:
                    raise EdgeError(f"a golden request has scores of exit {depth} ({plan}) that the model cannot give")
                self._differences.setdefault((plan, depth), []).append(np.abs(got - logits))
                self._overlaps.setdefault((plan, depth), []).append(top_overlap(logits, got))

    def results(self) -> list[Result]:
        """One per plan and exit. A score that is no number passes nowhere."""
        rows = []
        for (plan, depth), found in sorted(self._differences.items()):
            differences, overlap = np.concatenate(found), float(np.mean(self._overlaps[plan, depth]))
            worst, mean = float(differences.max()), float(differences.mean())
            passed = worst <= self.tolerance
            row = Result(self.backend, plan, depth, len(found), worst, mean, overlap, self.tolerance, passed)
            rows.append(row)
        return rows


def verify(
    path: Path | str,
    backends: Sequence[str] | None = None,
    public_key: PublicKey | None = None,
    progress: Callable[[str], None] = lambda backend: None,
) -> Verification:
    """Replay text, ids and scores on the given backends, or on those of the light runtime that the bundle carries.

    "all" stands for every backend there is: those that cannot run here are told of, and why. One that is named and
    cannot run is an error. `progress` is called with each backend before it is checked.
    """
    wanted = {*(backends or ())}
    directory = install(path, public_key=public_key, weights=bool(wanted & {ALL, *FROM_WEIGHTS}))
    models, manifest = directory / "models", json.loads((directory / "manifest.json").read_text())
    shape, encoder = read_shape(manifest), read_encoder(directory)
    lines = (directory / "golden.jsonl").read_text(encoding="utf-8").splitlines()
    golden = [completed(record, encoder) for record in read_golden(lines)]
    if not golden:
        raise EdgeError(f"{path} carries no golden request: nothing can be verified")
    chosen, unchecked = _choose(backends, models)
    results = [check_text(encoder, golden)]
    for backend in chosen:
        progress(backend)
        engine = open_engine(backend, models, shape)
        results += check_scores(engine, golden, backend, tolerance_of(manifest, backend))
        engine.close()
    return Verification(results, unchecked, coverage(golden, encoder, _buckets(manifest), shape))


def _choose(backends: Sequence[str] | None, models: Path) -> tuple[list[str], dict[str, str]]:
    """The backends to check, and why others are not."""
    named = [backend for backend in backends or () if backend != ALL]
    if backends is None:
        named = [name for name in RUNNABLE if (models / name).is_dir()]
    every = [backend for backend in BACKENDS if backend not in named] if ALL in (backends or ()) else []
    unchecked = {backend: reason for backend in every if (reason := absent(backend, models))}
    return [*named, *(backend for backend in every if backend not in unchecked)], unchecked


def tolerance_of(manifest: Mapping[str, Any], backend: str) -> float:
    """How far a backend's logits may be off: its own allowance, else that of all."""
    golden = manifest["golden"]
    return float(golden.get("tolerances", {}).get(backend, golden["tolerance"]))


def _buckets(manifest: Mapping[str, Any]) -> list[int]:
    """Of the user's tokens, where the manifest names them."""
    buckets = manifest["model"].get("buckets")
    found = buckets.get("user_tokens") if isinstance(buckets, dict) else None
    return [bucket for bucket in found if isinstance(bucket, int)] if isinstance(found, list) else []


def check_text(encoder: TextEncoder, golden: Sequence[Golden]) -> Result:
    """Rendering and tokenising must reproduce every text and every id, or their digest."""
    wrong = 0
    for record in golden:
        found = encode(encoder, record.request)
        same = (found.texts, found.user, found.candidates) == (record.texts, record.user, record.candidates)
        wrong += not same or (record.digest != "" and record.digest != digest_of(found))
    share = wrong / max(len(golden), 1)
    return Result("text", "-", 0, len(golden), float(wrong), share, 1.0 - share, 0.0, wrong == 0)


def check_scores(engine: Engine, golden: Sequence[Golden], backend: str, tolerance: float) -> list[Result]:
    """Every plan and exit that a record lists must come within `tolerance` of the reference's logits."""
    agreement = Agreement(backend, tolerance)
    for record in golden:
        exits = {plan: tuple(scores) for plan, scores in record.scores.items()}
        agreement.add(record.scores, score(engine, record.user, record.candidates, exits))
    return agreement.results()
