"""Replays the golden requests of a ranking model's bundle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.bundle.archive import refuse
from edge.bundle.exits import Exit
from edge.bundle.install import refuse_installed
from edge.bundle.keys import PublicKey
from edge.bundle.listing import GOLDEN
from edge.conformance.coverage import Examined, together_of
from edge.conformance.engines import ALL, choose_engines, tolerance_of
from edge.conformance.golden import Golden, Logits, logits_of, read_goldens, read_request
from edge.engines.opening import FROM_WEIGHTS, RANKING_ENGINES, absent
from edge.engines.protocol import Engine
from edge.errors import EdgeError
from edge.files import read_lines
from edge.metrics import top_overlap
from edge.runtime.opening import OpenedBundle, open_files
from edge.runtime.refusing import refusing_what_cannot_run
from edge.runtime.user_timeline import Reading

NUMBERS_TOLERANCE = 1e-4  # of a standardised number


@dataclass(frozen=True)
class Agreement:
    """One engine and exit against the golden logits; of the engine "text", the text side, counted in mismatches."""

    engine: str
    exit: str
    requests: int
    max_difference: float  # of a logit
    mean_difference: float
    top10: float  # mean agreement of the ten best
    tolerance: float
    passed: bool


@dataclass(frozen=True)
class Verification:
    """What was checked; per engine why it was not; and what the golden requests leave unexamined."""

    results: list[Agreement]
    unchecked: dict[str, str]
    unexamined: list[str]

    @property
    def passed(self) -> bool:
        """True if text, ids, numbers and the logits of at least one engine are as they should be."""
        return len(self.results) > 1 and all(row.passed for row in self.results)


def verify_bundle(
    path: Path | str,
    engines: Sequence[str] | None = None,
    public_key: PublicKey | None = None,
    progress: Callable[[str], None] = lambda engine: None,
    cache: Path | None = None,
) -> Verification:
    """Replay texts, ids, numbers and logits on the given engines, or on those whose models the bundle carries.

    "all" stands for every engine there is: those that cannot run here are listed, and why. One that is named and
    cannot run is an error. `progress` is called with each engine before it is checked. The bundle is installed in
    `cache`, or where bundles usually are.
    """
    opened = open_files(path, public_key, bool({*(engines or ())} & {ALL, *FROM_WEIGHTS}), cache)
    goldens = goldens_of(opened)
    chosen, unchecked = choose_engines(engines, opened.models, RANKING_ENGINES, absent)
    results = [check_reading(opened.reading, goldens)]
    for name in chosen:
        progress(name)
        engine = opened.engine(name)
        with refusing_what_cannot_run(opened.path, name):
            results += check_logits(engine, opened.reading, goldens, name, tolerance_of(opened.manifest, name))
        engine.close()
    together = together_of(opened.manifest["buckets"].get("litert", ()))
    examined = Examined(opened.reading.encoder, opened.shape, together)
    return Verification(results, unchecked, examined.missing(goldens))


def goldens_of(opened: OpenedBundle) -> list[Golden]:
    """All that the bundle carries. Errors: there is none, a line is none, or an exit of the manifest has no logits."""
    try:
        goldens = list(read_goldens(read_lines(opened.directory / GOLDEN)))
    except EdgeError as error:
        refuse_installed(opened.path, opened.directory, error)
    if not goldens:
        raise EdgeError(
            f"{opened.path} carries no golden request: nothing can be verified",
            fix="export again: edge export writes golden requests",
        )
    exits = {one.exit for one in opened.exits}
    for golden in goldens:
        if golden.logits.keys() != exits:
            odd = min(golden.logits.keys() ^ exits)
            refuse(opened.path, f"{golden.id} in {GOLDEN} does not have the exits of the manifest: {odd}")
    return goldens


def check_reading(reading: Reading, goldens: Sequence[Golden]) -> Agreement:
    """Rendering and tokenising must reproduce every text, every id, and every number within rounding."""
    wrong = sum(not _same(read_request(reading, golden.id, golden.request), golden) for golden in goldens)
    share = wrong / max(len(goldens), 1)
    return Agreement("text", "-", len(goldens), float(wrong), share, 1.0 - share, 0.0, wrong == 0)


def _same(found: Golden, golden: Golden) -> bool:
    if (found.texts, found.ids) != (golden.texts, golden.ids) or found.numbers.shape != golden.numbers.shape:
        return False
    return np.allclose(found.numbers, golden.numbers, rtol=0, atol=NUMBERS_TOLERANCE, equal_nan=True)


def check_logits(
    engine: Engine, reading: Reading, goldens: Sequence[Golden], name: str, tolerance: float
) -> list[Agreement]:
    """Every exit must come within `tolerance` of the golden logits."""
    answers = (logits_of(engine, reading, golden.request, golden.logits.keys()) for golden in goldens)
    return compared(name, tolerance, goldens, answers)


def compared(name: str, tolerance: float, goldens: Sequence[Golden], answers: Iterable[Logits]) -> list[Agreement]:
    """One row per exit. A logit that is no number passes nowhere."""
    differences: dict[Exit, list[np.ndarray]] = {}
    overlaps: dict[Exit, list[float]] = {}
    for golden, answer in zip(goldens, answers, strict=True):
        for exit, logits in golden.logits.items():
            differences.setdefault(exit, []).append(np.abs(answer[exit] - logits))
            overlaps.setdefault(exit, []).append(top_overlap(logits, answer[exit]))
    rows = []
    for exit, found in sorted(differences.items()):
        every = np.concatenate(found)
        worst, mean = float(every.max()), float(every.mean())
        overlap, passed = float(np.mean(overlaps[exit])), worst <= tolerance
        rows.append(Agreement(name, str(exit), len(found), worst, mean, overlap, tolerance, passed))
    return rows
