"""What a caller asks of one ranking."""

from __future__ import annotations

from dataclasses import dataclass

from edge.arguments import check_number, check_share
from edge.errors import EdgeError
from edge.runtime.ranking.choice import Exit

LEAVE_OUT = "leave it out for no limit"


@dataclass(frozen=True)
class Wish:
    """Limits, or an exit; checked when made. Without any: the deepest exit."""

    budget_ms: float | None = None  # of the whole call
    min_auc: float | None = None  # when the bundle was made
    exit: Exit | None = None

    def __post_init__(self) -> None:
        if self.budget_ms is not None:
            check_number("budget_ms", self.budget_ms, above=True, fix=LEAVE_OUT)
        if self.min_auc is not None:
            check_share("min_auc", self.min_auc, fix=LEAVE_OUT, usual=0.5)  # an AUC below is worse than chance
            if self.min_auc == 0:
                raise EdgeError(
                    "min_auc is 0: every exit reaches it, a limit that cannot fail is no limit", fix=LEAVE_OUT
                )
        if self.exit is not None and self.limited:
            raise EdgeError("an exit and a limit exclude each other", fix="give a budget, a quality or an exit")

    @property
    def limited(self) -> bool:
        return self.budget_ms is not None or self.min_auc is not None


def exit_of(value: tuple[int, int] | None) -> Exit | None:
    """(encode depth, interact depth). Errors: anything else."""
    if value is None:
        return None
    if not isinstance(value, tuple) or len(value) != 2 or not all(type(one) is int for one in value):
        raise EdgeError(f"exit is {value!r:.60}", fix="give (encode depth, interact depth), e.g. exit=(1, 2)")
    return Exit(*value)
