"""What a gate finds: one check per limit, with the reason and the fix if it fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edge.bundle.sizes import Part

Amount = int | float | None  # bytes and counts are integers; None: there is no such figure any more


@dataclass(frozen=True)
class Check:
    """One limit, inclusive. Where it fails: the problem in a sentence, its evidence, and what to do, a line each."""

    what: str
    measured: Amount
    limit: Amount
    passed: bool
    problem: str = ""
    evidence: tuple[str, ...] = ()
    fixes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """One bundle against a budget; `largest` are the three heaviest parts by the size that failed."""

    bundle: Path
    engine: str
    checks: tuple[Check, ...]
    largest: tuple[Part, ...] = ()

    @property
    def passed(self) -> bool:
        """Nothing checked is no pass."""
        return bool(self.checks) and all(check.passed for check in self.checks)

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks whose limit does not hold, in their order."""
        return tuple(check for check in self.checks if not check.passed)


def all_passed(verdicts: Sequence[Verdict]) -> bool:
    """Every one of at least one."""
    return bool(verdicts) and all(verdict.passed for verdict in verdicts)


def amount(value: Amount) -> str:
    """A measured value or a limit as text; "-" for none."""
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


def count(number: int, thing: str) -> str:
    """`1 byte`, `1,024 bytes`."""
    return f"{number:,} {thing}{'s' * (number != 1)}"


def verdicts_json(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """The document that `edge-bench gate --json` prints."""
    return {
        "passed": all_passed(verdicts),
        "bundles": [
            {
                "bundle": str(verdict.bundle),
                "engine": verdict.engine,
                "passed": verdict.passed,
                "checks": [asdict(check) for check in verdict.checks],
                "largest": [asdict(part) for part in verdict.largest],
            }
            for verdict in verdicts
        ],
    }
