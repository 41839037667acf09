"""Users, candidates and budgets on one engine: what an app calls."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

import numpy as np

from edge.arguments import check_number
from edge.bundle.keys import PublicKey
from edge.errors import EdgeError
from edge.runtime.allocator import return_freed
from edge.runtime.lifetime import Lifetime
from edge.runtime.pace import Pace
from edge.runtime.ranking.choice import Choice, Exit, Work, choose, predicted
from edge.runtime.ranking.model import Model
from edge.runtime.ranking.opening import open_ranking_model
from edge.runtime.ranking.pending import Pending
from edge.runtime.ranking.ranked import Explanation, Ranked
from edge.runtime.ranking.scoring import Candidates, Handle, Needed, handles_of, needed, timeline_and_entries
from edge.runtime.ranking.summaries import Summaries
from edge.runtime.ranking.user_timeline import UserTimeline
from edge.runtime.ranking.wish import Wish, exit_of
from edge.text.checks import (
    MAX_CANDIDATES,
    check_candidates,
    check_event,
    check_events,
    check_ids,
    check_sequence,
    check_user,
)
from edge.text.types import Event, Item, User

MEMORY_MB = 64.0


class UserState:
    """A user between requests. Events may be added, and requests come, from several threads."""

    def __init__(self, ranker: Ranker, timeline: UserTimeline) -> None:
        self._ranker, self.timeline = ranker, timeline
        self.turn = Lock()

    def add(self, event: Event) -> None:
        """One more behaviour. Errors: an event that no request may have, or one before those that the user has."""
        check_event(event, "the event")
        with self.turn:
            events = self.timeline.events
            latest = max((one.time for one in events if one.time is not None), default=None)
            if event.time is not None and latest is not None and event.time < latest:
                raise EdgeError("the event is older than one that the user has", fix="add events oldest first")
            self.timeline.add(event)

    def forget(self) -> None:
        """Give back the memory of what was computed; it is computed again when it is needed."""
        with self.turn:
            self.timeline.forget()

    def check_owner(self, ranker: Ranker) -> None:
        """Errors: the user was made by another ranker, whose tokens and states mean something else."""
        if self._ranker is not ranker:
            raise EdgeError("the user was made by another ranker", fix="ranker.user(profile, events)")


class Ranker:
    """One model for any number of users and threads; the engine takes one call at a time."""

    def __init__(self, model: Model, memory_mb: float = MEMORY_MB) -> None:
        self._model = model
        self._summaries = Summaries(model.engine, int(memory_mb * 1e6))
        self._pace, self._lifetime = Pace(), Lifetime()

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
        engine's. Summaries of texts that are kept between requests stay within `memory_mb` (MB of 10^6 bytes).
        Errors: a bundle that must not be used, an engine that is not here, an argument that cannot be meant.
        """
        check_number("memory_mb", memory_mb, fix="0 keeps no summary between requests")
        return cls(open_ranking_model(path, engine, threads, public_key), memory_mb)

    def __enter__(self) -> Self:
        self._lifetime.check()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def exits(self) -> tuple[Exit, ...]:
        """Ascending, the deepest last."""
        return tuple(sorted(self._model.exits))

    def user(self, user: User, events: Sequence[Event] = ()) -> UserState:
        """A user to rank for; computed when candidates come, and then kept for as long as the app holds it.

        Errors: the ranker was closed, a user or events that no request may have.
        """
        self._lifetime.check()
        check_user(user)
        check_events(events)
        return UserState(self, UserTimeline(self._model.reading, user, events))

    def prepare(self, items: Sequence[Item], encode: int | None = None) -> list[Handle]:
        """Render, tokenise and encode items now, e.g. while the app is idle; what it gives is ranked faster."""
        with self._lifetime:
            check_candidates(items)
            handles = handles_of(self._model.reading, items)
            depth = self._model.engine.shape.encode_depths[-1] if encode is None else encode
            self._summaries.of([handle.segment for handle in handles], depth)
            self._summaries.of([handle.context for handle in handles], self._model.engine.shape.phrase_depth)
            return handles

    def rank(
        self,
        user: UserState,
        candidates: Sequence[Item] | Sequence[Handle],
        budget_ms: float | None = None,
        *,
        min_auc: float | None = None,
        exit: tuple[int, int] | None = None,
        time_s: float | None = None,
    ) -> Ranked:
        """Best first, as well as the budget allows, or at an exit (encode depth, interact depth), or at the deepest.

        `budget_ms` is for the whole call; `min_auc` asks for the cheapest exit that reached it when the bundle was
        made; `time_s` is the moment, as an event's time is. Ties keep the order of the candidates. Where a limit
        cannot be met, the exit that comes closest is used, and `explanation` says so.
        """
        started = time.perf_counter()
        with self._lifetime:
            wish = Wish(budget_ms, min_auc, exit_of(exit))
            if not isinstance(user, UserState):
                kind = type(user).__name__
                problem = f"user must be what ranker.user(...) gives, not {kind}"
                raise EdgeError(problem, fix="ranker.user(profile, events)")
            user.check_owner(self)
            handles = self._handles(candidates)
            with user.turn:
                return self._rank(user.timeline, handles, wish, time_s, started)

    def close(self) -> None:
        """Give the memory back. Waits for the requests under way; those that come later are refused."""
        if self._lifetime.end():
            self._model.engine.close()
            self._summaries.clear()
            return_freed()

    def _handles(self, candidates: Sequence[Item] | Sequence[Handle]) -> list[Handle]:
        """Those of items that are none yet. Errors: candidates that no request may have, handles of another ranker."""
        if not isinstance(candidates, list | tuple) or not candidates or set(map(type, candidates)) != {Handle}:
            check_candidates(candidates)  # type: ignore[arg-type]
            return handles_of(self._model.reading, candidates)  # type: ignore[arg-type]
        handles: list[Handle] = [*candidates]
        check_sequence(handles, "candidates", "Handles", MAX_CANDIDATES)
        check_ids([handle.item.id for handle in handles])  # the items were checked when they were prepared
        reading = self._model.reading
        if any(handle.reading is not reading for handle in handles):
            raise EdgeError("a handle was prepared by another ranker", fix="ranker.prepare(items)")
        return handles

    def _rank(
        self, user: UserTimeline, handles: Sequence[Handle], wish: Wish, moment: float | None, started: float
    ) -> Ranked:
        allowed = self._allowed(wish)
        request = Pending(user, Candidates(user, handles, moment), allowed, wish, started)
        needs = {depth: self._needed(request, depth) for depth in {exit.encode for exit in allowed}}
        works = {depth: self._work(request, needs[depth]) for depth in needs}
        chosen = self._choose(request, works)
        work = works[chosen.exit.encode]
        predicted_ms = request.milliseconds + self._pace.factor * chosen.milliseconds
        scores, last = self._scores(request, needs[chosen.exit.encode], chosen, work)
        order, values = ranking_order(scores), scores.tolist()
        return Ranked(
            tuple([handles[place].item for place in order]),
            tuple([values[place] for place in order]),
            Explanation(
                exit=last.exit,
                planned=chosen.exit,
                predicted_ms=predicted_ms,
                spent_ms=request.milliseconds,
                new_texts=work.texts,
                new_events=work.entries,
                auc=last.auc,
                budget_ms=wish.budget_ms,
                min_auc=wish.min_auc,
            ),
        )

    def _scores(self, request: Pending, needed: Needed, chosen: Choice, work: Work) -> tuple[np.ndarray, Choice]:
        """(candidate,) logits, and the exit that they are of, which may be another where time ran out."""
        began, engine = time.perf_counter(), self._model.engine
        timeline, entries = timeline_and_entries(engine, self._summaries, request.user, request.candidates, needed)
        last = self._last(request, chosen, work)
        scores = engine.score(entries, timeline, last.exit.interact)[-1]
        self._pace.add(last.milliseconds, (time.perf_counter() - began) * 1e3)
        return scores, last

    def _allowed(self, wish: Wish) -> Mapping[Exit, float | None]:
        exits = self._model.exits
        if wish.exit is None:
            return exits
        if wish.exit not in exits:
            names = ", ".join(f"({exit.encode}, {exit.interact})" for exit in sorted(exits))
            raise EdgeError(f"the bundle has no exit {wish.exit}", fix=f"use one of: {names}")
        return {wish.exit: exits[wish.exit]}

    def _needed(self, request: Pending, depth: int) -> Needed:
        return needed(self._model.engine, self._summaries, request.user, request.candidates, depth)

    def _work(self, request: Pending, needed: Needed) -> Work:
        return needed.work(self._model.engine, self._summaries, len(request.candidates.handles))

    def _choose(self, request: Pending, works: Mapping[int, Work]) -> Choice:
        depth, least = self._model.engine.shape.phrase_depth, request.wish.min_auc
        return choose(self._model.costs, works, request.exits, depth, request.left(self._pace), least)

    def _last(self, request: Pending, chosen: Choice, work: Work) -> Choice:
        """The interact depth is chosen again when all is encoded: only now is it known how long that took."""
        left, wish = request.left(self._pace), request.wish
        if left is None or wish.exit is not None:
            return chosen
        encode, depth = chosen.exit.encode, self._model.engine.shape.phrase_depth
        still = {encode: Work((), (), 0, work.candidates)}
        same = {exit: auc for exit, auc in request.exits.items() if exit.encode == encode}
        found = choose(self._model.costs, still, same, depth, left, wish.min_auc)
        return Choice(found.exit, predicted(self._model.costs, work, found.exit, depth), found.auc)


def ranking_order(scores: np.ndarray) -> list[int]:
    """Places, best first: NaN last, ties in the order they came in, 0 and -0 being one."""
    order: list[int] = np.argsort(-np.where(np.isnan(scores), -np.inf, scores + 0.0), kind="stable").tolist()
    return order
