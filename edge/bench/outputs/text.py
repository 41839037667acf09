"""A verdict for the terminal: all checks as a table, then each that failed with its reason and the fix."""

from __future__ import annotations

from collections.abc import Sequence

from edge.bench.check import Check, Verdict, amount
from edge.inspect.describe import printable
from edge.table import render

HEADINGS = ("check", "measured", "limit", "")


def verdicts_text(verdicts: Sequence[Verdict]) -> str:
    """The tables and the failures of several bundles, as text for the terminal."""
    return "\n\n".join(map(_verdict_text, verdicts))


def row(check: Check) -> tuple[str, str, str, str]:
    """A check as a row: what, measured, limit, pass or FAIL."""
    return check.what, amount(check.measured), amount(check.limit), "pass" if check.passed else "FAIL"


def reasons(check: Check) -> list[str]:
    """Below the problem: evidence, then what to do, a line each."""
    return [printable(line) for line in (*check.evidence, *(f"fix: {fix}" for fix in check.fixes))]


def title(verdict: Verdict) -> str:
    return printable(f"{verdict.bundle} ({verdict.engine})")


def _verdict_text(verdict: Verdict) -> str:
    lines = [title(verdict), render(HEADINGS, [row(check) for check in verdict.checks])]
    for check in verdict.failed:
        lines += ["", f"failed: {printable(check.problem)}", *(f"    {line}" for line in reasons(check))]
    return "\n".join(lines)
