"""Users, candidates and budgets on one engine: what an app calls."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from edge.arguments import check_count, check_number
from edge.bundle.exits import Exit, MeasuredExit
from edge.bundle.keys import PublicKey
from edge.errors import EdgeError
from edge.runtime.allocator import return_freed
from edge.runtime.choice import Choice, Work, choose, predicted
from edge.runtime.lifetime import Lifetime
from edge.runtime.model import Model
from edge.runtime.opening import open_model
from edge.runtime.pace import Pace
from edge.runtime.pending import Pending
from edge.runtime.ranked import Explanation, Ranked
from edge.runtime.scoring import Candidates, Handle, Needed, handles_of, needed, timeline_and_entries
from edge.runtime.sent_summaries import read_sent
from edge.runtime.served import MOST_LOG_ROWS, Served, ServedLog
from edge.runtime.summaries import Summaries
from edge.runtime.summary_file import SummaryFile, check_keep, summary_file
from edge.runtime.user_state import UserState
from edge.runtime.user_timeline import UserTimeline
from edge.runtime.wish import Wish, exit_of
from edge.text.checks import (
    MAX_CANDIDATES,
    check_candidates,
    check_events,
    check_ids,
    check_sequence,
    check_time,
    check_user,
    check_user_id,
)
from edge.text.types import Event, Item, User

MEMORY_MB = 64.0
LOG_ROWS = 1_000


class Ranker:
    """Ranks candidates with the model of one bundle, for any number of users.

    Open it once per process with `Ranker.open`, and close it, or use it in a `with` statement. All methods are
    thread-safe; the engine runs one call at a time. Errors: every method raises `EdgeError`, and nothing else, for an
    argument that is not allowed and after `close`.
    """

    def __init__(
        self, model: Model, memory_mb: float = MEMORY_MB, log_rows: int = LOG_ROWS, file: SummaryFile | None = None
    ) -> None:
        self._model = model
        self._summaries = Summaries(model.engine, int(memory_mb * 1e6))
        self._pace, self._lifetime, self._log = Pace(), Lifetime(), ServedLog(log_rows)
        self._file = file
        if file:
            file.load(self._summaries)

    @classmethod
    def open(
        cls,
        path: Path | str,
        engine: str = "litert",
        threads: int = 1,
        public_key: PublicKey | None = None,
        memory_mb: float = MEMORY_MB,
        *,
        keep: Path | str | bool = True,
        log_rows: int = LOG_ROWS,
    ) -> Ranker:
        """Open a bundle: check it, install it, load and warm up its model, and, the first time, measure costs.

        path: the `.edge` file.
        engine: "litert", "onnx", "coreml" or "reference" (numpy).
        threads: of the engine, 1 or more.
        public_key: if given (`read_public_key`), a bundle that was not signed with its private key is refused.
        memory_mb: limit on the summaries that are kept in memory, in MB of 10^6 bytes; 0 keeps none.
        keep: the directory in which prepared summaries are kept for the next start; True is the directory of the
        installed bundle, False writes and reads nothing.
        log_rows: how many of the newest candidates `log` returns at most; 0 logs nothing.
        Errors: a bundle that is missing, damaged, of another schema or without that engine; an engine that is not
        installed; an argument out of range.
        """
        check_number("memory_mb", memory_mb, fix="pass 0 to keep no summaries between requests")
        check_count("log_rows", log_rows, 0, MOST_LOG_ROWS, fix="pass 0 to log nothing")
        check_keep(keep)
        model = open_model(path, engine, threads, public_key)
        return cls(model, memory_mb, log_rows, summary_file(keep, model))

    def __enter__(self) -> Self:
        self._lifetime.check()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def exits(self) -> tuple[Exit, ...]:
        """The exits of the bundle, in ascending order, the deepest last."""
        return tuple(sorted(one.exit for one in self._model.exits))

    def user(self, user: User, events: Sequence[Event] = (), id: str = "") -> UserState:
        """Make the state of a user to rank for. Nothing is computed before the first `rank` or `UserState.prepare`.

        user: the profile. events: oldest first, at most 10,000. id: names the user in `log`; without one, a random id
        is used. Errors: a profile or events that break the rules of a request (SPEC.md, section 1).
        """
        self._lifetime.check()
        check_user(user)
        check_events(events)
        check_user_id(id)
        return UserState(self, id or uuid.uuid4().hex, user, events)

    def prepare(self, items: Sequence[Item], encode: int | None = None) -> list[Handle]:
        """Render, tokenise and encode items ahead of requests, e.g. while the app is idle.

        items: at most 1,000. encode: the encode depth, by default that of the best exit. Returns a handle for each
        item, in order; `rank` takes handles like items, and faster. Errors: items that break the rules of a request, an
        encode depth that no exit has.
        """
        with self._lifetime:
            handles, depth = self._handles(items), self._encode_depth(encode)
            self._summaries.of([handle.segment for handle in handles], depth)
            self._summaries.of([handle.context for handle in handles], self._model.engine.shape.phrase_depth)
            self._save()
            return handles

    def receive(self, summaries: str | bytes) -> int:
        """Keep summaries that a server computed with `edge encode`, so that their items are not encoded here.

        summaries: the first line of the file that `edge encode` wrote, then lines of items; at most 64 MiB. Returns
        the number of summaries, one for each item and encode depth. Errors: text of another form, summaries of other
        weights; then none is kept.
        """
        with self._lifetime:
            vocabulary = len(self._model.reading.encoder.encoder.wordpiece)
            sent = read_sent(summaries, self._model.weights, self._model.engine.shape, vocabulary)
            for one in sent:
                self._summaries.keep(one.segment, one.depth, one.summary)
            return len(sent)

    def rank(
        self,
        user: UserState,
        candidates: Sequence[Item | Handle],
        budget_ms: float | None = None,
        *,
        min_auc: float | None = None,
        exit: Exit | tuple[int, int] | str | None = None,
        time_s: float | None = None,
    ) -> Ranked:
        """Rank candidates for a user, best first; equal scores keep the order of the candidates.

        candidates: items or handles, at most 1,000, no two with one id.
        budget_ms: time for the whole call, above 0; the best exit that is predicted to fit is used.
        min_auc: above 0, at most 1; the cheapest exit that reached this AUC when the bundle was made is used.
        exit: use this exit, as `Exit`, (encode depth, interact depth) or "1/2"; excludes the two limits.
        time_s: the time of the request in seconds since 1970, like `Event.time`.
        Without a limit or an exit, the exit that was best when the bundle was made is used. A limit that cannot be met
        is not an error: the closest exit is used, and `explanation.missed` lists the limit. Errors: a user or handle of
        another ranker, candidates that break the rules of a request, an exit that the bundle does not have.
        """
        started = time.perf_counter()
        with self._lifetime:
            wish = Wish(budget_ms, min_auc, exit_of(exit))
            check_time(time_s, "time_s")
            self._check_owner(user)
            handles = self._handles(candidates)
            with user._turn:
                timeline = user._timeline
                ranked = self._rank(timeline, handles, wish, time_s, started)
                moment = time.time() if time_s is None else time_s
                self._log.add(Served(user._name, user._profile, len(timeline.events), moment, ranked))
                return ranked

    def log(self) -> str:
        """Return what was ranked since the last call, as JSON lines, one for each candidate, and empty the log.

        A line has the request, user, time, place, score, exit and attributes, and `liked`: 1 if an event that was
        added since likes the item (PLAN.md, section 7). Beyond `log_rows` candidates, the oldest requests are dropped.
        `edge prepare` reads the text as a log of impressions (docs/data.md).
        """
        self._lifetime.check()
        return self._log.drain()

    def forget(self) -> None:
        """Remove all summaries, from memory and from disk, and empty the log.

        Users keep what was computed for them; see `UserState.forget`. Errors: the file cannot be removed.
        """
        with self._lifetime:
            self._summaries.clear()
            self._log.clear()
            if self._file:
                self._file.remove()

    def close(self) -> None:
        """Wait for running requests, refuse later ones, and free the memory. Calling it again does nothing.

        Errors: it is called from within a request of the same thread.
        """
        if self._lifetime.end():
            self._model.engine.close()
            self._summaries.clear()
            self._log.clear()
            return_freed()

    def _timeline(self, user: User, events: Sequence[Event]) -> UserTimeline:
        if self._file:
            self._file.leave_out(self._model.reading.encoder.profile(user))
        return UserTimeline(self._model.reading, user, events)

    def _prepare_user(self, user: UserTimeline, encode: int | None) -> None:
        engine, nobody = self._model.engine, Candidates(user, [], None)
        need = needed(engine, self._summaries, user, nobody, self._encode_depth(encode))
        timeline_and_entries(engine, self._summaries, user, nobody, need)

    def _save(self) -> None:
        if self._file:
            self._file.save(self._summaries)

    def _encode_depth(self, encode: int | None) -> int:
        depths = self._model.engine.shape.encode_depths
        if encode is None:
            return max(self._model.exits, key=lambda one: one.order).exit.encode
        check_count("encode", encode, 0)
        if encode not in depths:
            raise EdgeError(f"no exit has encode depth {encode}", fix=f"use one of: {', '.join(map(str, depths))}")
        return encode

    def _check_owner(self, user: UserState) -> None:
        """Errors: no user, or one of another ranker, whose tokens and states mean something else."""
        if not isinstance(user, UserState):
            kind = type(user).__name__
            problem = f"user must be a UserState, which ranker.user(...) returns, not {kind}"
            raise EdgeError(problem, fix="pass ranker.user(profile, events)")
        if user._ranker is not self:
            raise EdgeError(
                "the user belongs to another ranker", fix="make it with this one: ranker.user(profile, events)"
            )

    def _handles(self, candidates: Sequence[Item | Handle]) -> list[Handle]:
        """Those of items that are none yet. Errors: what no request may have, or handles of another ranker."""
        reading, kinds = self._model.reading, _kinds(candidates)
        if Handle not in kinds:
            check_candidates(candidates)  # type: ignore[arg-type]
            return handles_of(reading, candidates)  # type: ignore[arg-type]
        if len(kinds) == 1:  # the items were checked when they were prepared
            handles: list[Handle] = [*candidates]  # type: ignore[list-item]
            check_sequence(handles, "candidates", "Handles", MAX_CANDIDATES)
            check_ids([handle.item.id for handle in handles])
        else:
            check_candidates([one.item if isinstance(one, Handle) else one for one in candidates])
            handles = [one if isinstance(one, Handle) else handles_of(reading, [one])[0] for one in candidates]
        if [handle.reading for handle in handles].count(reading) < len(handles):
            raise EdgeError(
                "a candidate was prepared by another ranker", fix="prepare it with this one: ranker.prepare(items)"
            )
        return handles

    def _rank(
        self, user: UserTimeline, handles: Sequence[Handle], wish: Wish, moment: float | None, started: float
    ) -> Ranked:
        allowed = self._allowed(wish)
        request = Pending(user, Candidates(user, handles, moment), allowed, wish, started)
        needs = {depth: self._needed(request, depth) for depth in {one.exit.encode for one in allowed}}
        works = {depth: self._work(request, needs[depth]) for depth in needs}
        chosen = self._choose(request, works)
        work, need = works[chosen.exit.encode], needs[chosen.exit.encode]
        predicted_ms = request.milliseconds + self._pace.factor * chosen.milliseconds
        scores, last = self._scores(request, need, chosen, work)
        order, calibration = best_first(scores), last.measured.calibration
        values = scores.tolist() if calibration is None else calibration.chances(scores)
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
                auc=last.measured.auc,
                budget_ms=wish.budget_ms,
                min_auc=wish.min_auc,
                kept_texts=len(need.items.distinct) - work.texts,
                kept_events=len(user.events) - need.lacks.first - work.entries,
                probabilities=calibration is not None,
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

    def _allowed(self, wish: Wish) -> Sequence[MeasuredExit]:
        if wish.exit is None:
            return self._model.exits
        found = [one for one in self._model.exits if one.exit == wish.exit]
        if not found:
            names = ", ".join(f"({exit.encode}, {exit.interact})" for exit in self.exits)
            raise EdgeError(f"the bundle has no exit {wish.exit}", fix=f"use one of: {names}")
        return found

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
        still = {encode: replace(work, chunks=(), phrases=(), entries=0)}
        same = [one for one in request.exits if one.exit.encode == encode]
        found = choose(self._model.costs, still, same, depth, left, wish.min_auc)
        return replace(found, milliseconds=predicted(self._model.costs, work, found.exit, depth))


def _kinds(candidates: object) -> set[type]:
    return set(map(type, candidates)) if isinstance(candidates, Sequence) else set()


def best_first(scores: np.ndarray) -> list[int]:
    """Places, best first: NaN last, ties in the order they came in, 0 and -0 being one."""
    order: list[int] = np.argsort(-np.where(np.isnan(scores), -np.inf, scores + 0.0), kind="stable").tolist()
    return order
