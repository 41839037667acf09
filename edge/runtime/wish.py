"""What a caller asks of one ranking."""

from __future__ import annotations

from dataclasses import dataclass

from edge.arguments import check_number, check_share, shown
from edge.bundle.exits import Exit
from edge.errors import EdgeError

LEAVE_OUT = "leave it out for no limit"


@dataclass(frozen=True)
class Wish:
    """Limits, or an exit; checked when made. Without any: the best exit."""

    budget_ms: float | None = None  # of the whole call
    min_auc: float | None = None  # when the bundle was made
    exit: Exit | None = None

    def __post_init__(self) -> None:
        if self.budget_ms is not None:
            check_number("budget_ms", self.budget_ms, above=True, fix=LEAVE_OUT)
        if self.min_auc is not None:
            check_share("min_auc", self.min_auc, fix=LEAVE_OUT, usual=0.5)  # an AUC below is worse than chance
            if self.min_auc == 0:
                raise EdgeError("min_auc is 0, which every exit reaches", fix=LEAVE_OUT)
        if self.exit is not None and self.limited:
            raise EdgeError("an exit excludes budget_ms and min_auc", fix="pass either an exit or limits")

    @property
    def limited(self) -> bool:
        """True if there is a limit on time or quality."""
        return self.budget_ms is not None or self.min_auc is not None


def exit_of(value: Exit | tuple[int, int] | str | None) -> Exit | None:
    """An exit, (encode depth, interact depth), or both as text: "1/2". Errors: anything else."""
    if value is None or isinstance(value, Exit):
        return value
    if isinstance(value, str):
        return Exit.parse(value, "exit")
    if not isinstance(value, tuple) or len(value) != 2 or not all(type(one) is int for one in value):
        raise EdgeError(
            f"exit is {shown(value)}, which is not an exit", fix='give encode and interact depth: exit=(1, 2), or "1/2"'
        )
    return Exit(*value)
