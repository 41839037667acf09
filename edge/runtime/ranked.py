"""The answer to a request, and how it came about."""

from __future__ import annotations

from dataclasses import dataclass

from edge.text.types import Item

DEPTH, BUDGET, SETTLED = "depth", "budget", "settled"  # why scoring ended where it did


@dataclass(frozen=True)
class Explanation:
    """What was planned, predicted and spent. `auc` is that of the exit when the bundle was made, if known."""

    plan: str
    depth: int
    planned_depth: int
    ended: str  # at the depth that was aimed at, for want of time, or because the order had settled
    predicted_ms: float  # for the planned depth, before the first layer
    spent_ms: float
    held_mb: float  # of the request's own arrays and the user side
    kept: bool  # the user side stays for the next request
    auc: float | None
    candidates: tuple[int, ...]  # that were still on the way at each exit passed
    budget_ms: float | None = None
    budget_mb: float | None = None
    min_auc: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether every limit was kept; None without one."""
        if self.budget_ms is None and self.budget_mb is None and self.min_auc is None:
            return None
        return not self.missed

    @property
    def missed(self) -> list[str]:
        """The limits that were not kept, in words."""
        found = []
        if self.budget_ms is not None and self.spent_ms > self.budget_ms:
            found.append(f"{self.spent_ms:.1f} ms of {self.budget_ms:g} ms")
        if self.budget_mb is not None and self.held_mb > self.budget_mb:
            found.append(f"{self.held_mb:.2f} MB of {self.budget_mb:g} MB")
        if self.min_auc is not None and (self.auc is None or self.auc < self.min_auc):
            known = "an unknown AUC" if self.auc is None else f"AUC {self.auc:.4f}"
            found.append(f"{known} for at least {self.min_auc:g}")
        return found

    def __str__(self) -> str:
        said = f"{self.plan} plan to exit {self.depth}"
        if self.ended == BUDGET:
            said += f" (of {self.planned_depth} planned: time ran out)" if self.depth < self.planned_depth else ""
        elif self.ended == SETTLED:
            said += " (the order had settled)"
        said += f", {self.spent_ms:.1f} ms, {self.predicted_ms:.1f} predicted"
        if self.auc is not None:
            said += f", AUC {self.auc:.4f} when made"
        if self.met is not None:
            said += f"; over the budget: {', '.join(self.missed)}" if self.missed else "; within the budget"
        return said


@dataclass(frozen=True)
class Ranked:
    """Items best first, with their logits and the exit depth that each was scored at."""

    items: tuple[Item, ...]
    scores: tuple[float, ...]
    depths: tuple[int, ...]
    explanation: Explanation

    @property
    def depth(self) -> int:
        return self.explanation.depth

    @property
    def milliseconds(self) -> float:
        return self.explanation.spent_ms
