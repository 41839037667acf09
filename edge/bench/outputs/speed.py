"""A comparison of two bundles' speed for the terminal, and in words."""

from __future__ import annotations

from edge.bench.compare import Speed, verdict
from edge.table import render

HEADINGS = ("", "first, ms", "second, ms", "ratio", "from", "to")


def speed_text(heading: str, speed: Speed, tolerance: float | None) -> str:
    """The comparison as text for the terminal: the table, how it was measured, the conclusion."""
    blocks = (heading, render(HEADINGS, speed_rows(speed)), described(speed), conclusion(speed, tolerance))
    return "\n\n".join(blocks)


def speed_rows(speed: Speed) -> list[tuple[str, ...]]:
    """CPU time, which the verdict is about, and wall time."""
    clocks = (
        ("CPU time", speed.before_ms, speed.after_ms, speed.cpu),
        ("wall time", speed.before_wall_ms, speed.after_wall_ms, speed.wall),
    )
    return [
        (name, f"{before:.3f}", f"{after:.3f}", f"{found.ratio:.4f}", f"{found.low:.4f}", f"{found.high:.4f}")
        for name, before, after, found in clocks
    ]


def described(speed: Speed) -> str:
    """What was measured, and how often."""
    exits = "exit {}".format(" and ".join(map(str, dict.fromkeys(speed.exits))))
    return (
        f"{speed.requests} requests of new users and items at {exits}, both bundles opened {speed.openings} times in "
        f"each of {speed.processes} processes; intervals of {speed.confidence:.0%} over processes"
    )


def conclusion(speed: Speed, tolerance: float | None) -> str:
    """One sentence: the verdict and the ratio of CPU times with its interval."""
    found = speed.cpu
    sure = f"{found.ratio:.4f} times the CPU time, {found.low:.4f} to {found.high:.4f}"
    return f"the second bundle is {verdict(found, tolerance)}: {sure}"
