"""Which plan and how deep: what each choice costs in time and memory, and the best of those that a budget allows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from edge.engines.protocol import Engine
from edge.runtime.costs import CostModel
from edge.runtime.user_side import kept_bytes


@dataclass(frozen=True)
class Work:
    """What a request asks of one plan, and what of it is done already."""

    plan: str
    user_tokens: int
    candidates: int
    candidate_tokens: int  # of the longest
    words: int = 0  # of all candidates, those that two have in the same place counted once
    user_depth: int = 0  # of the user's hidden states that are kept from before
    user_keys: int = 0  # of the deepest keys and values that are: the same, or one layer more
    started: bool = False  # true if any hidden states are kept
    handover: int = 0  # layers that each segment passes alone
    new_tokens: int = 0  # of the user's segments that have yet to do so
    new_candidates: int = 0  # that have yet to do so

    @property
    def anew(self) -> Work:
        """The same for a user side of which nothing is kept."""
        return replace(self, user_depth=self.handover, user_keys=self.handover, started=False)


@dataclass(frozen=True)
class Choice:
    """A plan and an exit, with its predicted milliseconds, the bytes that it holds, and its measured AUC."""

    plan: str
    depth: int
    milliseconds: float
    bytes: int
    kept: bool  # the user side stays for the next request
    auc: float | None


@dataclass(frozen=True)
class Allowance:
    """What a request may take and must reach; None is no limit."""

    milliseconds: float | None = None
    bytes: float | None = None
    auc: float | None = None

    def allow(self, choice: Choice) -> bool:
        """True if its time and memory are within them."""
        in_time = self.milliseconds is None or choice.milliseconds <= self.milliseconds
        return in_time and (self.bytes is None or choice.bytes <= self.bytes)


class Predictor:
    """Milliseconds and bytes of requests on one engine, by its calibrated costs."""

    def __init__(self, costs: CostModel, engine: Engine) -> None:
        self._costs, self._engine = costs, engine

    def begin(self, work: Work) -> float:
        """Milliseconds before the first layer that segments share: embedding, and what each passes alone."""
        if work.plan == "full":
            return work.candidates * self._costs.embedding(work.user_tokens + work.candidate_tokens)
        if not work.handover:
            user = 0.0 if work.started else self._costs.embedding(work.user_tokens)
            return user + self._costs.embedding(work.words)
        alone = self._costs.user_step(self._engine, work.new_tokens)
        alone += self._costs.candidate_step(self._engine, 0, work.new_candidates)
        embedded = work.new_tokens + min(work.new_candidates * work.candidate_tokens, work.words)
        return self._costs.embedding(embedded) + work.handover * alone

    def layers(self, work: Work, depth: int, further: int, candidates: int) -> float:
        """Milliseconds of the layers from one depth to another for so many candidates."""
        if work.plan == "full":
            return (further - depth) * candidates * self._step_in_full(work)
        user = self._user(work, further, False) - self._user(work, depth, False)
        return user + (further - depth) * self._costs.candidate_step(self._engine, work.user_tokens, candidates)

    def ending(self, work: Work, depth: int, end: int, candidates: int) -> float:
        """The same where they end, the head included: of the last layer only what their scores need is computed."""
        head = self.head(candidates)
        if work.plan == "full":
            return self.layers(work, depth, end, candidates) + head
        user = self._user(work, end, True) - self._user(work, end - 1, False)
        last = self._costs.candidate_last(self._engine, work.user_tokens, candidates)
        return self.layers(work, depth, end - 1, candidates) + user + last + head

    def _user(self, work: Work, depth: int, last: bool) -> float:
        """Milliseconds of the user side from what is kept until candidates can look at it in that layer."""
        if depth <= work.user_keys:
            return 0.0
        layers = depth - work.user_depth - int(last)
        keys = self._costs.user_last(self._engine, work.user_tokens) if last else 0.0
        return layers * self._costs.user_step(self._engine, work.user_tokens) + keys

    def _step_in_full(self, work: Work) -> float:
        return self._costs.user_step(self._engine, work.user_tokens + work.candidate_tokens)

    def head(self, candidates: int) -> float:
        return self._costs.scoring(candidates)

    def total(self, work: Work, depth: int) -> float:
        """Milliseconds of the whole request."""
        return self.begin(work) + self.ending(work, work.handover, depth, work.candidates)

    def held(self, work: Work, depth: int, kept: bool) -> int:
        """Bytes of the request's own arrays at their most: the user side and two sets of candidates' states."""
        width = self._engine.shape.hidden
        if work.plan == "full":
            tokens = work.user_tokens + work.candidate_tokens
            return 4 * work.candidates * tokens * (2 * width + tokens)
        layers = max(depth, work.user_keys) - work.handover
        user = kept_bytes((work.user_tokens, width), layers if kept else 1)
        return user + 4 * work.user_tokens**2 + 8 * work.candidates * work.candidate_tokens * width


def choices(predictor: Predictor, work: Work, exits: Mapping[int, float | None], keep_bytes: int) -> Iterator[Choice]:
    """Every exit by one plan, with a user side that is kept and without. One of more than `keep_bytes` is not kept."""
    anew = work.anew
    for depth, auc in exits.items():
        if work.plan != "full" and (held := predictor.held(work, depth, True)) <= keep_bytes:
            yield Choice(work.plan, depth, predictor.total(work, depth), held, True, auc)
        yield Choice(work.plan, depth, predictor.total(anew, depth), predictor.held(anew, depth, False), False, auc)


def choose(possible: Sequence[Choice], limits: Allowance) -> Choice:
    """The best that the limits allow; with an AUC to reach, the fastest that does; if nothing fits, the nearest.

    Best is the highest AUC measured when the bundle was made, or where some were not, the deepest exit of an exact
    plan.
    """
    allowed = [choice for choice in possible if limits.allow(choice)]
    if not allowed:
        in_memory = [choice for choice in possible if limits.bytes is None or choice.bytes <= limits.bytes]
        if in_memory:
            return min(in_memory, key=lambda choice: (choice.milliseconds, choice.depth, not choice.kept))
        return min(possible, key=lambda choice: (choice.bytes, choice.milliseconds))
    if limits.auc is not None:
        enough = [choice for choice in allowed if choice.auc is not None and choice.auc >= limits.auc]
        if enough:
            return min(enough, key=lambda choice: (choice.milliseconds, not choice.kept))
    return best(allowed)


def best(choices: Sequence[Choice]) -> Choice:
    """The highest quality; of equals one whose user side is kept, for the next request, then the fastest."""
    measured = all(choice.auc is not None for choice in choices)

    def quality(choice: Choice) -> tuple[float, float]:
        if measured:
            return choice.auc or 0.0, 0.0
        return float(choice.plan != "segments"), float(choice.depth)

    return max(choices, key=lambda choice: (*quality(choice), choice.kept, -choice.milliseconds))
