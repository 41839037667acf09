"""What a caller asks of one ranking."""

from __future__ import annotations

from dataclasses import dataclass

from edge.arguments import check_count, check_number, check_share, check_switch
from edge.bundle.exits import PLANS
from edge.errors import EdgeError

LIMITS = ("budget_ms", "budget_mb", "min_auc")
LEAVE_OUT = "leave it out for no limit"


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
        for name in ("budget_ms", "budget_mb"):
            if getattr(self, name) is not None:
                check_number(name, getattr(self, name), above=True, fix=LEAVE_OUT)
        if self.min_auc is not None:
            check_share("min_auc", self.min_auc, fix=LEAVE_OUT, usual=0.5)  # an AUC below is worse than chance
            if self.min_auc == 0:
                raise EdgeError(
                    "min_auc is 0: every exit reaches it, a limit that cannot fail is no limit", fix=LEAVE_OUT
                )
        for name, least in (("depth", 0), ("top", 1), ("patience", 1)):  # which depths have an exit, the bundle says
            if getattr(self, name) is not None:
                check_count(name, getattr(self, name), least)
        check_switch("cascade", self.cascade)
        if self.plan is not None and self.plan not in PLANS:
            raise EdgeError(f"there is no plan {self.plan!r}", fix=f"use one of: {', '.join(PLANS)}")
        if self.limited and self.depth is not None:
            given = [name for name in (*LIMITS, "depth") if getattr(self, name) is not None]
            raise EdgeError(f"{' and '.join(given)} exclude each other", fix="give a budget or a depth")
        if self.top is None and (self.patience or self.cascade):
            raise EdgeError("patience and cascade need the number of the best that matter", fix="give top, e.g. top=10")

    @property
    def limited(self) -> bool:
        return any(getattr(self, name) is not None for name in LIMITS)

    @property
    def plans(self) -> tuple[str, ...]:
        """Those that may be chosen."""
        if self.plan is not None:
            return (self.plan,)
        return PLANS if self.limited else ("prefix",)
