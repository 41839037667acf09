"""The runtime: open a bundle, keep users, rank candidates within a budget."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

from edge.arguments import check_number
from edge.bundle.cascade import Cascade
from edge.bundle.keys import PublicKey
from edge.errors import EdgeError
from edge.runtime.allocator import return_freed
from edge.runtime.byte_cache import ByteCache
from edge.runtime.lifetime import Lifetime
from edge.runtime.opening import Model, open_model
from edge.runtime.pace import Pace
from edge.runtime.planner import Allowance, Choice, Predictor, Work, best, choices, choose
from edge.runtime.ranked import Explanation, Ranked
from edge.runtime.scoring import Candidates, InFull, Stepped
from edge.runtime.segment_cache import SegmentCache
from edge.runtime.stepping import Goal, Scores, Walk
from edge.runtime.user_side import UserSide
from edge.runtime.wish import Wish
from edge.text.checks import check_candidates, check_event, check_events, check_user
from edge.text.sequence import Segment, TextEncoder
from edge.text.types import Event, Item, User

MEMORY_MB = 64.0  # for users and segments that are kept
SEGMENTS_SHARE = 0.125  # of it


class UserState:
    """A user between requests. Events may be added, and requests come, from several threads."""

    def __init__(self, ranker: Ranker, segments: tuple[Segment, ...], latest: float | None = None) -> None:
        self._ranker = ranker
        self._segments = segments
        self._latest = latest  # time of an event
        self._turn = Lock()

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Profile, events that fit, closing."""
        return self._segments

    def check_reader(self, encoder: TextEncoder) -> None:
        """Errors: the user was tokenised by another bundle's words; there its ids mean something else."""
        own = self._ranker.encoder
        if own is not encoder and (own.spec, own.wordpiece.vocabulary) != (encoder.spec, encoder.wordpiece.vocabulary):
            raise EdgeError("the user was made by a ranker of another bundle", fix="ranker.user(profile, events)")

    def add(self, event: Event) -> None:
        """One more behaviour: it alone is encoded and, in the segments plan, computed alone when it is needed.

        Errors: an event that no request may have, or one before those that the user has.
        """
        check_event(event, "the event")
        with self._turn:
            if event.time is not None and self._latest is not None and event.time < self._latest:
                raise EdgeError("the event is older than one that the user has", fix="add events oldest first")
            self._segments = self._ranker.extended(self._segments, event)
            self._latest = self._latest if event.time is None else event.time

    def prepare(self, depth: int | None = None, plan: str = "prefix") -> None:
        """Compute now, e.g. while the app is idle, what ranking at `depth`, or at the deepest exit, will need."""
        self._ranker.prepare(self._segments, Wish(depth=depth, plan=plan))


class Ranker:
    """One bundle on one engine, for any number of users and threads; the engine takes one call at a time."""

    def __init__(self, model: Model, memory_mb: float = MEMORY_MB) -> None:
        self._model, self._engine = model, model.engine
        self._predictor, self._pace = Predictor(model.costs, model.engine), Pace()
        segment_bytes = int(memory_mb * 1e6 * SEGMENTS_SHARE)
        self._segments = SegmentCache(segment_bytes)
        self._users: ByteCache[tuple[int, tuple[Segment, ...]], UserSide]
        self._users = ByteCache(int(memory_mb * 1e6) - segment_bytes)
        self._lifetime = Lifetime()

    @classmethod
    def open(
        cls,
        path: Path | str,
        engine: str = "litert",
        threads: int = 1,
        public_key: PublicKey | None = None,
        memory_mb: float = MEMORY_MB,
    ) -> Ranker:
        """Check and install the bundle, load and warm up its model, and, the first time on this device, calibrate.

        With a key (`edge.read_public_key`), a bundle that its owner did not sign is refused. `threads` are the
        engine's. What is kept of users and segments between requests stays within `memory_mb` (MB of 10^6 bytes).
        Errors: a bundle that must not be used, an engine that is not here, an argument that cannot be meant.
        """
        check_number("memory_mb", memory_mb, fix="0 keeps nothing of a user between requests")
        return cls(open_model(path, engine, threads, public_key), memory_mb)

    def __enter__(self) -> Self:
        self._lifetime.check()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def encoder(self) -> TextEncoder:
        """The bundle's text side."""
        return self._model.encoder

    @property
    def depths(self) -> tuple[int, ...]:
        """The exits of the prefix plan, ascending."""
        return tuple(self._model.exits["prefix"])

    def user(self, user: User, events: Sequence[Event] = ()) -> UserState:
        """A user to rank for: encoded now, computed when candidates come, and then kept.

        Errors: the ranker was closed, a user or events that no request may have.
        """
        self._lifetime.check()
        check_user(user)
        check_events(events)
        times = [event.time for event in events if event.time is not None]
        return UserState(self, self._model.encoder.user(user, events), times[-1] if times else None)

    def extended(self, segments: tuple[Segment, ...], event: Event) -> tuple[Segment, ...]:
        """A user's segments after one more event."""
        self._lifetime.check()
        return self._model.encoder.extended(segments, event)

    def prepare(self, segments: tuple[Segment, ...], wish: Wish) -> None:
        """Compute and keep the user side that the wish will need."""
        plan = wish.plan or "prefix"
        if plan == "full":
            raise EdgeError("the full plan keeps nothing of a user", fix="use one of: prefix, segments")
        with self._lifetime:
            side = self._side(segments, self._handover(plan), kept=True)
            side.context(max(self._exits(plan, wish)), last=True)
            self._keep(side)

    def rank(
        self,
        user: UserState,
        candidates: Sequence[Item],
        budget_ms: float | None = None,
        *,
        budget_mb: float | None = None,
        min_auc: float | None = None,
        depth: int | None = None,
        plan: str | None = None,
        top: int | None = None,
        patience: int | None = None,
        cascade: bool = False,
    ) -> Ranked:
        """Best first: at `depth`, or as well as the budget allows, or at the deepest exit of the prefix plan.

        `budget_ms` is for the whole call, `budget_mb` for its arrays and the user side; `min_auc` asks for the fastest
        exit that reached it when the bundle was made. With `top`, scoring ends once those best have kept their order
        for `patience` exits, and in a `cascade` candidates stop that can no longer be among them. A budget that
        cannot be met is answered by the nearest choice there is, and `ranked.explanation` says so.
        """
        started = time.perf_counter()
        with self._lifetime:
            wish = Wish(budget_ms, budget_mb, min_auc, depth, plan, top, patience, cascade)
            _check_made_by_a_ranker(user)
            user.check_reader(self._model.encoder)
            check_candidates(candidates)
            return self._rank(user.segments, candidates, wish, started)

    def _rank(self, user: tuple[Segment, ...], candidates: Sequence[Item], wish: Wish, started: float) -> Ranked:
        staged = self._cascade(wish)
        segments = [self._model.encoder.candidate(item) for item in candidates]
        words = len(set(chain.from_iterable(map(enumerate, segments))))
        plans = [name for name in wish.plans if self._exits(name, wish)]
        works = {name: self._work(name, user, segments, words) for name in plans}
        possible = {name: self._choices(wish, work) for name, work in works.items()}
        chosen = self._choose(wish, possible, started)
        work = works[chosen.plan] if chosen.kept else works[chosen.plan].anew
        elapsed = (time.perf_counter() - started) * 1e3
        predicted = elapsed + self._pace.factor * chosen.milliseconds
        deadline = None if wish.budget_ms is None or wish.depth is not None else started + wish.budget_ms / 1e3
        goal = Goal(self._way(wish, chosen, possible[chosen.plan]), deadline, wish.top, wish.patience, staged)
        scores = self._walk(chosen, work, user, segments, goal)
        order = scores.order
        reached = max(scores.depths, default=chosen.depth)
        return Ranked(
            tuple(candidates[place] for place in order),
            tuple(float(scores.logits[place]) for place in order),
            tuple(int(scores.depths[place]) for place in order),
            Explanation(
                plan=chosen.plan,
                depth=int(reached),
                planned_depth=chosen.depth,
                ended=scores.ended,
                predicted_ms=predicted,
                spent_ms=(time.perf_counter() - started) * 1e3,
                held_mb=self._predictor.held(work, int(reached), chosen.kept) / 1e6,
                kept=chosen.kept,
                auc=self._model.exits[chosen.plan].get(int(reached)),
                candidates=tuple(scores.on_the_way),
                budget_ms=wish.budget_ms,
                budget_mb=wish.budget_mb,
                min_auc=wish.min_auc,
            ),
        )

    def close(self) -> None:
        """Give the memory back: the model's, and that of users and segments.

        Waits for the requests under way in other threads; those that come later are refused.
        """
        if not self._lifetime.end():
            return
        self._engine.close()
        self._users.clear()
        self._segments.clear()
        return_freed()

    def _exits(self, plan: str, wish: Wish) -> dict[int, float | None]:
        """Depth -> AUC of what a wish leaves open. Errors: a depth that the plan has no exit at."""
        found = dict(self._model.exits[plan])
        if not found and wish.plan is not None:
            raise EdgeError(f"the bundle has no {wish.plan} plan: its segments meet at no depth")
        if wish.depth is not None:
            if wish.depth not in found:
                raise EdgeError(f"no exit at depth {wish.depth}", fix=f"use one of: {', '.join(map(str, found))}")
            return {wish.depth: found[wish.depth]}
        return found if wish.limited else {depth: found[depth] for depth in list(found)[-1:]}

    def _cascade(self, wish: Wish) -> Cascade | None:
        if not wish.cascade:
            return None
        known = self._model.cascades
        if wish.top is None or wish.top not in known:
            there = f"it has one for the top {', '.join(map(str, sorted(known)))}" if known else "it has none"
            raise EdgeError(f"the bundle was made with no cascade for the top {wish.top}", evidence=there)
        return known[wish.top]

    def _work(self, plan: str, user: tuple[Segment, ...], candidates: Sequence[Segment], words: int) -> Work:
        handover = self._handover(plan)
        side = None if plan == "full" else self._users.get((handover, user))
        alone = handover and not (side and side.started)
        return Work(
            plan,
            user_tokens=sum(map(len, user)),
            candidates=len(candidates),
            candidate_tokens=max(map(len, candidates), default=0),
            words=words,
            user_depth=side.depth if side else handover,
            user_keys=side.keys_depth if side else handover,
            started=side is not None and side.started,
            handover=handover,
            new_tokens=sum(map(len, self._segments.missing(user))) if alone else 0,
            new_candidates=len(self._segments.missing(candidates)) if handover else 0,
        )

    def _choose(self, wish: Wish, possible: Mapping[str, Sequence[Choice]], started: float) -> Choice:
        left = None
        if wish.budget_ms is not None:
            left = (wish.budget_ms - (time.perf_counter() - started) * 1e3) / self._pace.cautious
        everything = list(chain.from_iterable(possible.values()))
        return choose(everything, Allowance(left, wish.budget_mb and wish.budget_mb * 1e6, wish.min_auc))

    def _choices(self, wish: Wish, work: Work) -> list[Choice]:
        return list(choices(self._predictor, work, self._exits(work.plan, wish), self._users.budget_bytes))

    def _way(self, wish: Wish, chosen: Choice, possible: Sequence[Choice]) -> list[int]:
        """The exits to pass. With time to spare, a request goes on to the best there is."""
        last = chosen.depth
        if wish.budget_ms is not None and wish.budget_mb is None and wish.min_auc is None:
            last = max(last, best(possible).depth)
        passed = [depth for depth in self._model.exits[chosen.plan] if depth <= last]
        return passed if wish.depth is None or wish.top is not None else [last]

    def _walk(
        self, chosen: Choice, work: Work, user: tuple[Segment, ...], candidates: Sequence[Segment], goal: Goal
    ) -> Scores:
        walk = Walk(self._engine, self._predictor, self._pace, work)
        if not candidates:
            return walk.nowhere()
        if chosen.plan == "full":
            return walk.go(lambda: InFull(self._engine, user, candidates), goal)
        side = self._side(user, work.handover, chosen.kept)

        def begin() -> Candidates:
            side.start()
            return Stepped(self._engine, side, candidates, self._segments)

        scores = walk.go(begin, goal)
        self._keep(side)
        return scores

    def _side(self, user: tuple[Segment, ...], handover: int, kept: bool) -> UserSide:
        found = self._users.get((handover, user)) if kept else None
        return found or UserSide(self._engine, user, handover, self._segments, kept)

    def _keep(self, side: UserSide) -> None:
        if side.kept:
            self._users.put((side.handover, side.segments), side, side.bytes)

    def _handover(self, plan: str) -> int:
        return self._engine.shape.handover if plan == "segments" else 0


def _check_made_by_a_ranker(user: UserState) -> None:
    if not isinstance(user, UserState):
        kind = type(user).__name__
        raise EdgeError(f"user must be what ranker.user(...) gives, not {kind}", fix="ranker.user(profile, events)")
