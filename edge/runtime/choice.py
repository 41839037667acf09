"""Which exit answers a request: the best that the budget allows. Normative: PLAN.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge.bundle.exits import Exit
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

    exit: Exit
    milliseconds: float
    auc: float | None

    @property
    def _rank(self) -> tuple[float, int, int]:
        """By what the bundle measured, where it did; a deeper exit otherwise."""
        return (-1.0 if self.auc is None else self.auc, self.exit.encode, self.exit.interact)


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
    exits: Mapping[Exit, float | None],
    phrase_depth: int,
    budget_ms: float | None,
    min_auc: float | None,
) -> Choice:
    """Of `exits`, each with its AUC: without limits the deepest. With a minimum quality, the cheapest that has it;
    with a budget, the best of those that fit it; where none does, the one that comes closest.

    `works`: by encode depth; `budget_ms`: what is left, in calibrated milliseconds.
    """
    every = [
        Choice(exit, predicted(costs, works[exit.encode], exit, phrase_depth), exits[exit]) for exit in sorted(exits)
    ]
    if budget_ms is None and min_auc is None:
        return every[-1]
    good = [one for one in every if min_auc is None or (one.auc is not None and one.auc >= min_auc)]
    if not good:  # no exit is as good as that: the best there is, within the budget if that can be
        good, min_auc = every, None
        if budget_ms is None:
            return _best(good)
    if budget_ms is None:
        return _cheapest(good)
    fitting = [one for one in good if one.milliseconds <= budget_ms]
    return _best(fitting) if fitting else _cheapest(good)


def _best(choices: Sequence[Choice]) -> Choice:
    """The first of equals: `max` keeps it."""
    return max(choices, key=lambda one: one._rank)


def _cheapest(choices: Sequence[Choice]) -> Choice:
    return min(choices, key=lambda one: (one.milliseconds, one.exit))
