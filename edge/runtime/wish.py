"""What a caller asks of one ranking."""

from __future__ import annotations

from dataclasses import dataclass

from edge.bundle.exits import PLANS
from edge.errors import EdgeError


@dataclass(frozen=True)
class Wish:
    """Limits, and how far to go; checked when made. None leaves it to the planner."""

    budget_ms: float | None = None  # of the whole call
    budget_mb: float | None = None  # of the request's arrays and the user side
    min_auc: float | None = None  # when the bundle was made
    depth: int | None = None
    plan: str | None = None
    top: int | None = None  # how many of the best matter
    patience: int | None = None  # end when they have kept their order for so many exits
    cascade: bool = False  # let candidates stop that can no longer be among them

    def __post_init__(self) -> None:
        for name in ("budget_ms", "budget_mb", "min_auc"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise EdgeError(f"{name} is {value}", fix="give a positive number, or leave it out")
        for name in ("top", "patience"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise EdgeError(f"{name} is {value}", fix="give 1 or more, or leave it out")
        if self.plan is not None and self.plan not in PLANS:
            raise EdgeError(f"no plan {self.plan!r}", fix=f"use one of: {', '.join(PLANS)}")
        if self.top is None and (self.patience or self.cascade):
            raise EdgeError("patience and cascade need the number of the best that matter", fix="give top, e.g. top=10")

    @property
    def limited(self) -> bool:
        return not (self.budget_ms is None and self.budget_mb is None and self.min_auc is None)

    @property
    def plans(self) -> tuple[str, ...]:
        """Those that may be chosen."""
        if self.plan is not None:
            return (self.plan,)
        return PLANS if self.limited and self.depth is None else ("prefix",)
