"""The runtime: open a bundle, keep a user, rank candidates within a budget."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge.backends import FROM_WEIGHTS, open_engine
from edge.config import from_dict, to_dict
from edge.engine import Engine, Shape
from edge.errors import EdgeError
from edge.install import install
from edge.keys import PublicKey
from edge.planner import CostModel, Work, calibrate, choose_depth
from edge.runs import write_json
from edge.scoring import UserSide, score_by_depth
from edge.segment_cache import SegmentCache
from edge.text.sequence import CLOSING, Segment, TextEncoder
from edge.text.spec import TextSpec
from edge.text.types import Event, Item, User
from edge.text.wordpiece import PAD, WordPiece

PLANS = ("prefix", "segments")


@dataclass(frozen=True)
class Explanation:
    """What was chosen, predicted and spent. `met` is None without a budget."""

    plan: str
    depth: int
    budget_ms: float | None
    predicted_ms: float
    spent_ms: float

    @property
    def met(self) -> bool | None:
        return None if self.budget_ms is None else self.spent_ms <= self.budget_ms


@dataclass(frozen=True)
class Ranked:
    """Items best first, with their logits."""

    items: tuple[Item, ...]
    scores: tuple[float, ...]
    plan: Explanation

    @property
    def depth(self) -> int:
        return self.plan.depth

    @property
    def milliseconds(self) -> float:
        return self.plan.spent_ms


class UserState:
    """A user whose side of the computation is kept between requests."""

    def __init__(self, ranker: Ranker, user: User, events: Sequence[Event]) -> None:
        self._ranker = ranker
        self._user = user
        self._events = list(events)
        self._sides: dict[str, UserSide] = {}

    def add(self, event: Event) -> None:
        """One more behaviour. The segments plan computes this event alone and keeps the others."""
        self._events.append(event)
        self._sides.clear()

    def side(self, plan: str) -> UserSide:
        """The user side under a plan, computed as deep as it was needed so far."""
        if plan not in self._sides:
            self._sides[plan] = self._ranker.user_side(self._user, self._events, plan)
        return self._sides[plan]


class Ranker:
    """One bundle on one engine. Not for several threads at once."""

    def __init__(self, encoder: TextEncoder, engine: Engine, costs: CostModel, depths: Sequence[int]) -> None:
        self.depths = tuple(depths)  # ascending
        self._encoder = encoder
        self._engine = engine
        self._costs = costs
        self._cache = SegmentCache()

    @classmethod
    def open(
        cls, path: Path | str, backend: str = "litert", threads: int = 1, public_key: PublicKey | None = None
    ) -> Ranker:
        """Check and install the bundle, load and warm up its model, and, the first time on this device, calibrate.

        With a key (`edge.keys.read_public_key`), a bundle that its owner did not sign is refused.
        """
        directory = install(path, public_key=public_key, weights=backend in FROM_WEIGHTS)
        manifest = json.loads((directory / "manifest.json").read_text())
        encoder = read_encoder(directory)
        engine = open_engine(backend, directory / "models", read_shape(manifest), threads)
        _warm_up(engine, encoder.spec)
        costs = _calibrated(directory / f"calibration-{backend}-{threads}.json", engine, encoder.spec)
        return cls(encoder, engine, costs, sorted({entry["depth"] for entry in manifest["exits"]}))

    def user(self, user: User, events: Sequence[Event] = ()) -> UserState:
        """Keep a user; nothing is computed until candidates come."""
        return UserState(self, user, events)

    def user_side(self, user: User, events: Sequence[Event], plan: str) -> UserSide:
        if plan not in PLANS:
            raise EdgeError(f"no plan {plan!r}", fix=f"use one of: {', '.join(PLANS)}")
        segments = self._encoder.user(user, events)
        return UserSide(self._engine, segments, self._handover(plan), self._cache)

    def rank(
        self,
        user: UserState,
        candidates: Sequence[Item],
        budget_ms: float | None = None,
        depth: int | None = None,
        plan: str = "prefix",
    ) -> Ranked:
        """Rank `candidates`: at `depth`, or as deep as `budget_ms` allows, or at the deepest exit.

        A budget that cannot be met is answered at the shallowest exit, and `ranked.plan.met` says so.
        """
        started = time.perf_counter()
        side = user.side(plan)
        segments = [self._encoder.candidate(item) for item in candidates]
        chosen, predicted = self._choose(side, segments, budget_ms, depth)
        scores = self._scores(side, segments, chosen)
        order = np.argsort(-scores, kind="stable")
        spent = (time.perf_counter() - started) * 1e3
        return Ranked(
            tuple(candidates[index] for index in order),
            tuple(float(scores[index]) for index in order),
            Explanation(plan, chosen, budget_ms, predicted, spent),
        )

    def close(self) -> None:
        """Give the model's memory back."""
        self._engine.close()

    def _choose(
        self, side: UserSide, segments: Sequence[Segment], budget_ms: float | None, depth: int | None
    ) -> tuple[int, float]:
        possible = [exit for exit in self.depths if exit > side.handover]
        if not possible:
            raise EdgeError(f"the bundle has no exit beyond depth {side.handover}, where segments meet")
        if depth is not None:
            if depth not in possible:
                raise EdgeError(f"no exit at depth {depth}", fix=f"use one of: {', '.join(map(str, possible))}")
            possible = [depth]
        elif budget_ms is None:
            possible = possible[-1:]
        new_candidates = len(self._cache.missing(segments)) if side.handover else 0
        work = Work(
            side.tokens, side.depth, len(segments), side.handover, sum(map(len, side.new_segments)), new_candidates
        )
        return choose_depth(self._costs, self._engine, work, possible, budget_ms or 0.0)

    def _scores(self, side: UserSide, segments: Sequence[Segment], depth: int) -> np.ndarray:
        """(candidates,) logits"""
        if not segments:
            return np.empty(0, dtype=np.float32)
        states = enumerate(score_by_depth(self._engine, side, segments, self._cache), start=side.handover + 1)
        return self._engine.head(next(hidden for reached, hidden in states if reached == depth))

    def _handover(self, plan: str) -> int:
        return self._engine.shape.handover if plan == "segments" else 0


def read_encoder(directory: Path) -> TextEncoder:
    """The text side of an installed bundle."""
    spec = from_dict(TextSpec, json.loads((directory / "text.json").read_text()), "text.json")
    return TextEncoder(spec, WordPiece.open(directory / "vocab.txt"))


def read_shape(manifest: dict[str, Any]) -> Shape:
    """Of the model, from a bundle's manifest."""
    model = manifest["model"]
    return from_dict(Shape, {key: model[key] for key in ("layers", "hidden", "heads", "handover")}, "manifest model")


def _warm_up(engine: Engine, spec: TextSpec) -> None:
    """Engines prepare each shape when they first meet it: that belongs to opening, not to a request."""
    longest, cache = spec.max_segment_tokens, SegmentCache()
    for tokens in sorted({engine.padded_user(count) for count in (2, spec.max_user_tokens)}):
        body = [PAD] * (min(tokens, spec.max_user_tokens) - 1)
        segments = [tuple(body[start : start + longest]) for start in range(0, len(body), longest)]
        user = UserSide(engine, [*segments[: spec.max_events + 1], CLOSING], 0, cache)
        engine.head(next(score_by_depth(engine, user, [(PAD,) * longest], cache)))


def _calibrated(path: Path, engine: Engine, spec: TextSpec) -> CostModel:
    """The costs measured here before, or measured now and kept."""
    if path.exists():
        try:
            return from_dict(CostModel, json.loads(path.read_text()), str(path))
        except (EdgeError, ValueError, OSError):
            pass  # damaged, or of another version: measure again
    costs = calibrate(engine, spec.max_user_tokens, spec.max_segment_tokens)
    with suppress(OSError):  # where nothing can be written they are measured at each open
        write_json(path, to_dict(costs))
    return costs
