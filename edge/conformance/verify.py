"""Replays a bundle's golden requests: what an app team runs first, and every release runs again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from edge.bundle.archive import refuse
from edge.bundle.exits import PLANS
from edge.bundle.install import refuse_installed
from edge.bundle.keys import PublicKey
from edge.bundle.manifest import GOLDEN, MANIFEST
from edge.conformance.coverage import coverage
from edge.conformance.engines import ALL, choose_engines, tolerance_of
from edge.conformance.golden import Golden, Scores, completed, digest_of, encode, read_golden, score
from edge.engines.opening import ENGINES, FROM_WEIGHTS, absent
from edge.engines.protocol import Engine
from edge.errors import EdgeError
from edge.files import read_lines
from edge.metrics import top_overlap
from edge.runtime.opening import OpenedBundle, open_bundle_files
from edge.runtime.refusing import refusing_what_cannot_run
from edge.text.sequence import TextEncoder


@dataclass(frozen=True)
class Result:
    """One engine, plan and exit against the golden scores; `exit` 0 is the text side, counted in mismatches."""

    engine: str
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
    """What was checked; per engine why it was not; and what the golden requests leave unexamined."""

    results: list[Result]
    unchecked: dict[str, str]
    unexamined: list[str]

    @property
    def passed(self) -> bool:
        """True if text, ids and the scores of at least one engine are as they should be."""
        return len(self.results) > 1 and all(row.passed for row in self.results)


@dataclass
class Agreement:
    """How far one engine's scores are from those wanted, by plan and exit; grows with each request."""

    engine: str
    tolerance: float
    _differences: dict[tuple[str, int], list[np.ndarray]] = field(default_factory=dict)
    _overlaps: dict[tuple[str, int], list[float]] = field(default_factory=dict)

    def add(self, wanted: Scores, found: Scores) -> None:
        """Errors: a wanted score was not found."""
        for plan, exits in wanted.items():
            for depth, logits in exits.items():
                got = found.get(plan, {}).get(depth, np.empty(0))
                if got.shape != logits.shape:
                    raise EdgeError(
                        f"a golden request has scores of exit {depth} ({plan}) that the model cannot give",
                        fix="export again: golden requests belong to one model",
                    )
                self._differences.setdefault((plan, depth), []).append(np.abs(got - logits))
                self._overlaps.setdefault((plan, depth), []).append(top_overlap(logits, got))

    def results(self) -> list[Result]:
        """One per plan and exit. A score that is no number passes nowhere."""
        rows = []
        for (plan, depth), found in sorted(self._differences.items()):
            differences, overlap = np.concatenate(found), float(np.mean(self._overlaps[plan, depth]))
            worst, mean = float(differences.max()), float(differences.mean())
            passed = worst <= self.tolerance
            row = Result(self.engine, plan, depth, len(found), worst, mean, overlap, self.tolerance, passed)
            rows.append(row)
        return rows


def verify(
    path: Path | str,
    engines: Sequence[str] | None = None,
    public_key: PublicKey | None = None,
    progress: Callable[[str], None] = lambda engine: None,
) -> Verification:
    """Replay text, ids and scores on the given engines, or on those of the light runtime that the bundle carries.

    "all" stands for every engine there is: those that cannot run here are told of, and why. One that is named and
    cannot run is an error. `progress` is called with each engine before it is checked.
    """
    wanted = {*(engines or ())}
    opened = open_bundle_files(path, public_key, weights=bool(wanted & {ALL, *FROM_WEIGHTS}))
    manifest, encoder = opened.manifest, opened.encoder
    golden = _read(opened)
    _check_depths(opened, golden)
    chosen, unchecked = choose_engines(engines, opened.models, ENGINES, absent)
    results = [check_text(encoder, golden)]
    for name in chosen:
        progress(name)
        engine = opened.engine(name)
        with refusing_what_cannot_run(opened.path, name):
            results += check_scores(engine, golden, name, tolerance_of(manifest, name))
        engine.close()
    return Verification(results, unchecked, coverage(golden, encoder, _buckets(manifest), opened.shape))


def _read(opened: OpenedBundle) -> list[Golden]:
    """The golden requests, complete. Errors: there is none, a line is none."""
    try:
        records = list(read_golden(read_lines(opened.directory / GOLDEN)))
    except EdgeError as error:
        refuse_installed(opened.path, opened.directory, error)
    if not records:
        raise EdgeError(
            f"{opened.path} carries no golden request: nothing can be verified",
            fix="export again: edge export writes golden requests",
        )
    return [completed(record, opened.encoder) for record in records]


def _check_depths(opened: OpenedBundle, golden: Sequence[Golden]) -> None:
    """The scores were computed by a model of so many layers and with that hand-over; no model's file says either."""
    depths = {plan: {depth for record in golden for depth in record.scores.get(plan, {})} for plan in PLANS}
    deepest, shape = max(set().union(*depths.values()), default=0), opened.shape
    if deepest < shape.layers:
        refuse(opened.path, f"{MANIFEST} says {shape.layers} layers, {GOLDEN} has scores of {deepest}")
    if depths["segments"] and min(depths["segments"]) != shape.handover + 1:
        met = min(depths["segments"]) - 1
        refuse(opened.path, f"{MANIFEST} says a hand-over at {shape.handover}, {GOLDEN} has scores of one at {met}")


def _buckets(manifest: Mapping[str, Any]) -> list[int]:
    """Of the user's tokens, where the manifest names them."""
    return list(manifest["model"].get("buckets", {}).get("user_tokens", ()))


def check_text(encoder: TextEncoder, golden: Sequence[Golden]) -> Result:
    """Rendering and tokenising must reproduce every text and every id, or their digest."""
    wrong = 0
    for record in golden:
        found = encode(encoder, record.request)
        same = (found.texts, found.user, found.candidates) == (record.texts, record.user, record.candidates)
        wrong += not same or (record.digest != "" and record.digest != digest_of(found))
    share = wrong / max(len(golden), 1)
    return Result("text", "-", 0, len(golden), float(wrong), share, 1.0 - share, 0.0, wrong == 0)


def check_scores(engine: Engine, golden: Sequence[Golden], name: str, tolerance: float) -> list[Result]:
    """Every plan and exit that a record lists must come within `tolerance` of the reference's logits."""
    agreement = Agreement(name, tolerance)
    for record in golden:
        exits = {plan: tuple(scores) for plan, scores in record.scores.items()}
        agreement.add(record.scores, score(engine, record.user, record.candidates, exits))
    return agreement.results()
