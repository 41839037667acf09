"""What a gate measures beside what a bundle says of itself: only what the budget limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge.bench.budget import Budget
from edge.bench.compare import Pairing, Speed, compare_speed
from edge.bench.run import measure_apart, read_requests
from edge.bundle.bundle import Bundle
from edge.bundle.exits import Exit
from edge.conformance.verify import Verification, verify_bundle
from edge.errors import EdgeError
from edge.text.types import Request

NOT_MEASURED = "pass the Facts that measure_facts returns for this budget"


@dataclass(frozen=True)
class Facts:
    """None and empty: not limited, so not measured. `instructions` by exit; "before" is the baseline's."""

    resident: int | None = None  # bytes
    resident_before: int | None = None
    verification: Verification | None = None
    speed: Speed | None = None
    instructions: Mapping[Exit, int] = field(default_factory=dict)
    instructions_before: int | None = None  # at its deepest exit


@dataclass(frozen=True)
class Source:
    """Where to measure, and with what."""

    bundle: Bundle
    engine: str
    baseline: Bundle | None = None
    requests: Path | None = None
    tools: Path | None = None  # that count ARM64 instructions

    def read_requests(self) -> list[Request]:
        """The given ones; else the golden ones of the baseline, as two bundles must answer the same."""
        return read_requests((self.baseline or self.bundle).path, self.requests)


def measure_facts(source: Source, budget: Budget, progress: Callable[[str], None] = lambda text: None) -> Facts:
    """Errors: a bundle cannot be opened, tools are absent, or something is given that no limit needs."""
    _check_needed(source, budget)
    growth, baseline = budget.growth, source.baseline
    resident = resident_before = verification = speed = before = None
    if budget.resident is not None or "resident" in growth.sizes:
        progress("resident memory")
        resident = _resident(source.bundle, source)
    if baseline and "resident" in growth.sizes:
        resident_before = _resident(baseline, source)
    if budget.parity:
        progress("parity")
        verification = verify_bundle(source.bundle.path, [source.engine])
    if baseline and growth.time is not None:
        pairing = Pairing(source.engine)
        speed = compare_speed(baseline.path, source.bundle.path, source.read_requests(), pairing, progress)
    counted = _count(source.bundle, source, budget, progress) if budget.counts_instructions else {}
    if baseline and growth.instructions is not None:
        before = max(_count(baseline, source, budget, progress).items())[1]
    return Facts(resident, resident_before, verification, speed, counted, before)


def _check_needed(source: Source, budget: Budget) -> None:
    """Errors: requests or tools are given that nothing would be measured with: a limit is missing, or misspelled."""
    growth = budget.growth
    if source.requests and budget.resident is None and "resident" not in growth.sizes and growth.time is None:
        raise EdgeError(
            "requests are given, but the budget limits nothing that is measured with them",
            fix="limit resident, growth.resident or growth.time, or leave --requests out",
        )
    if source.tools and not budget.counts_instructions:
        raise EdgeError(
            "tools to count instructions are given, but the budget limits no instructions",
            fix="add [instructions] to the budget, or leave --tools out",
        )


def _resident(bundle: Bundle, source: Source) -> int:
    return measure_apart(bundle.path, source.engine, source.read_requests(), repeats=1).resident


def _count(bundle: Bundle, source: Source, budget: Budget, progress: Callable[[str], None]) -> dict[Exit, int]:
    """ARM64 instructions of the budget's request, at every exit."""
    from edge.bench.instructions import count_instructions, find_tools

    if source.engine != "litert":
        raise EdgeError(
            f"instructions of {source.engine} cannot be counted, those of litert can",
            fix="take the limits on instructions out of the budget, or gate --engine litert",
        )
    tools = find_tools(source.tools)
    progress(f"instructions of {bundle.path}")
    counted = count_instructions(bundle.path, tools)
    return {exit: counted.request(budget.counted, exit).total for exit in counted.exits}
