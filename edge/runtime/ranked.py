"""The answer to a request, and how it came about."""

from __future__ import annotations

from dataclasses import dataclass

from edge.bundle.exits import Exit
from edge.text.types import Item


@dataclass(frozen=True)
class Explanation:
    """What was planned, predicted and spent. `auc` is that of the exit when the bundle was made, if known."""

    exit: Exit
    planned: Exit  # before anything was computed
    predicted_ms: float  # of the whole call, for the planned exit
    spent_ms: float
    new_texts: int  # items and profiles that were encoded
    new_events: int
    auc: float | None
    budget_ms: float | None = None
    min_auc: float | None = None
    kept_texts: int = 0  # items and profiles that did not have to be encoded
    kept_events: int = 0
    probabilities: bool = False  # scores are the chance of a like; otherwise they order the candidates, and no more

    @property
    def met(self) -> bool | None:
        """Whether every limit was kept; None without one."""
        return None if self.budget_ms is None and self.min_auc is None else not self.missed

    @property
    def late_ms(self) -> float:
        """Time spent beyond the budget; 0 without one."""
        return 0.0 if self.budget_ms is None else max(self.spent_ms - self.budget_ms, 0.0)

    @property
    def missed(self) -> list[str]:
        """The limits that were not kept, in words."""
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
        said += f", {self.spent_ms:.1f} ms, {self.predicted_ms:.1f} predicted"
        said += f", {_new(self.new_texts, self.kept_texts, 'text')}, {_new(self.new_events, self.kept_events, 'event')}"
        if self.auc is not None:
            said += f", AUC {self.auc:.4f} when made"
        if self.met is not None:
            said += f"; over the budget: {', '.join(self.missed)}" if self.missed else "; within the budget"
        return said


@dataclass(frozen=True)
class Ranked:
    """Items best first, with their scores: probabilities if `explanation.probabilities`, otherwise logits."""

    items: tuple[Item, ...]
    scores: tuple[float, ...]
    explanation: Explanation

    @property
    def milliseconds(self) -> float:
        """What the answer took."""
        return self.explanation.spent_ms


def _new(new: int, kept: int, what: str) -> str:
    return f"{new} new of {new + kept} {what}{'' if new + kept == 1 else 's'}"
