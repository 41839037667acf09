"""The answer to a request, and how it came about."""

from __future__ import annotations

from dataclasses import dataclass

from edge.bundle.exits import Exit
from edge.text.types import Item


@dataclass(frozen=True)
class Explanation:
    """How an answer came about: the exit, the time, and what was kept. `str` gives it in one line."""

    exit: Exit  # the one whose scores the answer has
    planned: Exit  # chosen before anything was computed
    predicted_ms: float  # of the whole call, at the planned exit
    spent_ms: float  # of the whole call
    new_texts: int  # texts of items and profiles that were encoded
    new_events: int  # events that were appended to the timeline
    auc: float | None  # of `exit`, measured when the bundle was made; None if it was not
    budget_ms: float | None = None  # as it was passed
    min_auc: float | None = None  # as it was passed
    kept_texts: int = 0  # texts of items and profiles that did not have to be encoded
    kept_events: int = 0  # events that were in the timeline already
    probabilities: bool = False  # True: scores are probabilities of a like; False: logits, which only give the order

    @property
    def met(self) -> bool | None:
        """True if no limit was missed; None if none was passed."""
        return None if self.budget_ms is None and self.min_auc is None else not self.missed

    @property
    def late_ms(self) -> float:
        """The lateness: milliseconds beyond the budget; 0 within it or without one."""
        return 0.0 if self.budget_ms is None else max(self.spent_ms - self.budget_ms, 0.0)

    @property
    def missed(self) -> list[str]:
        """The limits that were missed, each as a phrase such as "24.1 ms of 20 ms"."""
        found = []
        if self.budget_ms is not None and self.spent_ms > self.budget_ms:
            found.append(f"{self.spent_ms:.1f} ms of {self.budget_ms:g} ms")
        if self.min_auc is not None and (self.auc is None or self.auc < self.min_auc):
            known = "an unknown AUC" if self.auc is None else f"AUC {self.auc:.4f}"
            found.append(f"{known} for at least {self.min_auc:g}")
        return found

    def __str__(self) -> str:
        said = f"exit {self.exit}"
        if self.exit != self.planned:
            said += f" ({self.planned} planned: time ran out)"
        said += f", {self.spent_ms:.1f} ms ({self.predicted_ms:.1f} predicted)"
        said += f", {_new(self.new_texts, self.kept_texts, 'text')}, {_new(self.new_events, self.kept_events, 'event')}"
        if self.auc is not None:
            said += f", test AUC {self.auc:.4f}"
        if self.met is not None:
            said += f"; missed: {', '.join(self.missed)}" if self.missed else "; within the limits"
        return said


@dataclass(frozen=True)
class Ranked:
    """The answer to a request: `items`, best first, and `scores`, parallel to them, which never increase.

    Scores are probabilities of a like if `explanation.probabilities`, otherwise logits.
    """

    items: tuple[Item, ...]
    scores: tuple[float, ...]
    explanation: Explanation

    @property
    def milliseconds(self) -> float:
        """The time that the whole call took; the same as `explanation.spent_ms`."""
        return self.explanation.spent_ms


def _new(new: int, kept: int, what: str) -> str:
    return f"{new} new of {new + kept} {what}{'' if new + kept == 1 else 's'}"
