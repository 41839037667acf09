"""What each exit is worth and costs, side by side: quality, milliseconds, instructions."""

from __future__ import annotations

import math

from edge.bench.measurement import Measurement
from edge.bench.scenarios import SCENARIOS
from edge.bundle.exits import Exit


def exit_headings(measured: Measurement) -> tuple[str, ...]:
    """Columns of instructions are in millions, and there only if they were counted."""
    counted = [f"{name}, M" for name in SCENARIOS] if measured.instructions else []
    return ("exit", "AUC", *(f"{name}, ms" for name in SCENARIOS), *counted)


def exit_rows(measured: Measurement) -> list[tuple[str, ...]]:
    """A row for each exit that was measured; `-` where a figure is not known."""
    medians = {(each.exit, each.scenario): each.whole.p50 for each in measured.times.exits}
    counted = measured.instructions.exits if measured.instructions else ()
    counts = {(each.exit, each.scenario): each.total for each in counted}
    rows = []
    for exit in dict.fromkeys(each.exit for each in measured.times.exits):
        auc = auc_of(measured, exit)
        milliseconds = [f"{medians[exit, name]:.2f}" if (exit, name) in medians else "-" for name in SCENARIOS]
        instructions = [f"{counts[exit, name] / 1e6:.2f}" for name in SCENARIOS if (exit, name) in counts]
        rows.append((str(exit), "-" if auc is None else f"{auc:.4f}", *milliseconds, *instructions))
    return rows


def auc_of(measured: Measurement, exit: Exit) -> float | None:
    """What the manifest stated when the bundle was made."""
    stated = (one.quality.get("auc") for one in measured.bundle.exits if one.exit == exit)
    found = next(stated, None)
    return found if found is not None and math.isfinite(found) else None
