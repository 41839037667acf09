"""Exits as a bundle lists them."""

from __future__ import annotations

from collections.abc import Mapping

from edge.bundle.exits import Exit, MeasuredExit


def measured(aucs: Mapping[Exit, float | None]) -> tuple[MeasuredExit, ...]:
    """Exits that were measured on test rows alone; None: not even there."""
    return tuple(MeasuredExit(exit, {} if auc is None else {"auc": auc}) for exit, auc in aucs.items())
