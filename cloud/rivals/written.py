"""Figures of test rows as text, in one style for every report: three digits, with the interval in brackets."""

from __future__ import annotations

import math

from cloud.rivals.draws import Figure

MOST_DIGITS = 6  # of a value near 0


def with_interval(found: Figure, sign: bool = False, undefined: str = "-") -> str:
    """.805 (.799 to .811), or with `sign` -.003 (-.012 to +.004); without an interval, the value alone."""
    written = signed if sign else three
    if math.isnan(found.value):
        return undefined
    interval = f" ({written(found.low)} to {written(found.high)})" if not math.isnan(found.low) else ""
    return written(found.value) + interval


def three(value: float) -> str:
    """Three digits, more where none of them would distinguish the value from 0; no zero before the point; - for NaN."""
    if math.isnan(value):
        return "-"
    digits = 3 if abs(value) >= 0.0005 or not value else -math.floor(math.log10(abs(value)))
    if digits > MOST_DIGITS:
        return f"{value:.0e}"
    text = f"{round(value, digits) + 0.0:.{digits}f}"  # no minus before a zero
    return text.replace("0.", ".", 1) if abs(value) < 1 else text


def signed(value: float) -> str:
    """As `three`, with a plus before what is above 0."""
    text = three(value)
    return text if text.startswith("-") or text == ".000" else f"+{text}"


def quality_title(group: str, rows: int) -> str:
    """The title of a table over a group of test rows, as `cloud.rivals.figures.groups` names it."""
    return f"Quality on all {rows:,} test rows" if group == "all" else f"Quality on {rows:,} test rows of {group}"
