"""Which exit answers a request: the best that the budget allows. Normative: PLAN.md."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from edge.bundle.exits import Exit, MeasuredExit
from edge.runtime.costs import Costs


@dataclass(frozen=True)
class Work:
    """What a request still needs at one encode depth; what is kept costs nothing."""

    chunks: tuple[int, ...]  # tokens of the chunks of items and of the profile
    phrases: tuple[int, ...]  # tokens of the chunks of phrases
    entries: int  # to append
    candidates: int  # that are scored, padding included
    shallow: int | None = None  # as many at interact depth 0; None: as at the others
    texts: int = 0  # of items and of the profile: in the chunks

    def scored(self, depth: int) -> int:
        """At an interact depth."""
        return self.candidates if depth or self.shallow is None else self.shallow


@dataclass(frozen=True)
class Choice:
    """An exit, and what it is predicted to take from now on, in calibrated milliseconds."""

    measured: MeasuredExit
    milliseconds: float

    @property
    def exit(self) -> Exit:
        return self.measured.exit


def predicted(costs: Costs, work: Work, exit: Exit, phrase_depth: int) -> float:
    """Milliseconds of what the exit still needs."""
    return (
        costs.summaries(work.chunks, exit.encode)
        + costs.summaries(work.phrases, phrase_depth)
        + costs.appending(work.entries)
        + costs.scoring(work.scored(exit.interact), exit.interact)
    )


def choose(
    costs: Costs,
    works: Mapping[int, Work],
    exits: Collection[MeasuredExit],
    phrase_depth: int,
    budget_ms: float | None,
    min_auc: float | None,
) -> Choice:
    """Of `exits`: without limits the best. With a minimum quality, the cheapest that has it; with a budget, the best
    of those that fit it; where none does, the one that comes closest.

    `works`: by encode depth; `budget_ms`: what is left, in calibrated milliseconds.
    """
    every = [Choice(one, predicted(costs, works[one.exit.encode], one.exit, phrase_depth)) for one in exits]
    good = [one for one in every if min_auc is None or (one.measured.auc or 0.0) >= min_auc]
    if budget_ms is None:
        return _cheapest(good) if good and min_auc is not None else _best(every)
    allowed = good or every
    fitting = [one for one in allowed if one.milliseconds <= budget_ms]
    return _best(fitting) if fitting else _cheapest(allowed)


def _best(choices: Sequence[Choice]) -> Choice:
    return max(choices, key=lambda one: one.measured.order)


def _cheapest(choices: Sequence[Choice]) -> Choice:
    return min(choices, key=lambda one: (one.milliseconds, one.exit))
