"""Does a bundle keep to its budget? If not: by how much, which parts weigh most, and what to edit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from edge.bench.budget import Budget
from edge.bench.sizes import Part, bundle_sizes, parts
from edge.bundle import Bundle
from edge.errors import EdgeError
from edge.manifest import Exit
from edge.table import render

LOWER_IS_BETTER = ("log_loss",)
_NARROWER = "a narrower student (edge distill --set model.hidden_size=...)"
_SPARSER = "for the download, more zeros (edge compress --to pruned --set schedule.sparsity=...)"
_FEWER_BITS = "fewer bits (edge compress --to int4)"
_FEWER_WORDS = "a smaller vocabulary (edge prepare --set vocabulary=...)"
_THINNER_ROWS = "thinner rows (edge distill --set model.embedding_size=...)"
_HINTS = {
    "token embedding": f"{_FEWER_WORDS}, {_THINNER_ROWS}, {_FEWER_BITS}; {_SPARSER}",
    "shared layer": f"{_NARROWER}, {_FEWER_BITS}; {_SPARSER}",
    "other weights": f"{_NARROWER}, or {_THINNER_ROWS}",
    "vocabulary": _FEWER_WORDS,
    "graph (litert)": "fewer shape buckets (edge export --set buckets.user_tokens=...): each repeats the graph",
    "golden": "fewer golden requests (edge export --set golden_requests=...)",
    "text": "shorter templates (the text section of edge.toml); it is small, look elsewhere first",
    "manifest": "fewer shape buckets (edge export --set buckets.user_tokens=...): it lists where their weights go",
}


@dataclass(frozen=True)
class Check:
    """One limit. Sizes are bytes and at most the limit; quality is at least it, but for losses."""

    what: str
    measured: int | float
    limit: int | float
    at_most: bool

    @property
    def passed(self) -> bool:
        return self.measured <= self.limit if self.at_most else self.measured >= self.limit

    def __str__(self) -> str:
        if isinstance(self.limit, int):
            over = self.measured - self.limit
            excess = f"{over:,} byte{'s' * (over > 1)} over its limit of {self.limit:,}"
            return f"{self.what} is {self.measured:,} bytes, {excess}"
        gap = abs(self.measured - self.limit)
        side = "above its maximum" if self.at_most else "below its minimum"
        return f"{self.what} is {self.measured:.4f}, {gap:.4f} {side} of {self.limit:.4f}"


@dataclass(frozen=True)
class Verdict:
    """What `edge-bench gate` found; `largest` are the three heaviest parts by the size that failed."""

    checks: tuple[Check, ...]
    largest: tuple[Part, ...]

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)


def check_bundle(bundle: Bundle, budget: Budget, backend: str, resident: int | None = None) -> Verdict:
    """Hold the bundle against every limit; `resident` bytes must be given if the budget limits them."""
    sizes = bundle_sizes(bundle, backend)
    measured = {"download": sizes.download, "installed": sizes.installed, "resident": resident}
    checks = []
    for what, size in measured.items():
        limit = getattr(budget, what)
        if limit is not None:
            if size is None:
                raise EdgeError(f"{what} is limited but was not measured")
            checks.append(Check(what, size, limit, at_most=True))
    checks += _quality_checks(bundle, budget, backend)
    weighed = parts(bundle, backend)
    failed = {check.what for check in checks if not check.passed}
    if failed & {"installed", "resident"} and "download" not in failed:
        weighed.sort(key=lambda part: (-part.installed, part.name))
    return Verdict(tuple(checks), tuple(weighed[:3]))


def _quality_checks(bundle: Bundle, budget: Budget, backend: str) -> Iterator[Check]:
    exits = [exit for exit in bundle.exits if exit.backend in (None, backend)]
    limits = dict(budget.exits)
    deepest = max((exit.depth for exit in exits), default=0)
    if budget.quality:
        limits[deepest] = {**budget.quality, **limits.get(deepest, {})}
    for depth, minima in sorted(limits.items()):
        found = [exit for exit in exits if exit.depth == depth]
        if not found:
            raise EdgeError(
                f"{bundle.path} has no figures for exit {depth} on {backend}",
                evidence=f"it has exits {', '.join(map(str, sorted({exit.depth for exit in exits})))}",
            )
        for metric, limit in minima.items():
            yield from (_quality_check(bundle, exit, metric, limit) for exit in found)


def _quality_check(bundle: Bundle, exit: Exit, metric: str, limit: float) -> Check:
    if metric not in exit.quality:
        raise EdgeError(
            f"{bundle.path} has no {metric!r} for exit {exit.depth} ({exit.plan})",
            evidence=f"it has {', '.join(exit.quality)}",
        )
    what = f"{metric} at exit {exit.depth} ({exit.plan})"
    return Check(what, float(exit.quality[metric]), limit, at_most=metric in LOWER_IS_BETTER)


def hint(part: Part) -> str:
    """What to edit to make the part smaller."""
    if part.name in _HINTS:
        return _HINTS[part.name]
    if part.name.startswith("graph ("):
        return "its size is fixed; look elsewhere first, or ship a bundle without this backend"
    return f"{_NARROWER}, {_FEWER_WORDS}; {_SPARSER}"  # a model's file whose weights are not packed


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    return {
        "passed": verdict.passed,
        "checks": [
            {"what": check.what, "measured": check.measured, "limit": check.limit, "passed": check.passed}
            for check in verdict.checks
        ],
        "largest": [
            {
                "part": part.name,
                "section": part.section,
                "download": part.download,
                "installed": part.installed,
                "estimated": part.estimated,
                "fix": hint(part),
            }
            for part in verdict.largest
        ],
    }


def verdict_text(verdict: Verdict) -> str:
    rows = [
        (check.what, _amount(check.measured), _amount(check.limit), "pass" if check.passed else "FAIL")
        for check in verdict.checks
    ]
    lines = [render(("check", "measured", "limit", ""), rows)]
    failed = [check for check in verdict.checks if not check.passed]
    if failed:
        lines += ["", *(f"failed: {check}" for check in failed), ""]
    if any(isinstance(check.limit, int) for check in failed):
        for part in verdict.largest:
            about = "about " if part.estimated else ""
            name = part.name if part.name == part.section else f"{part.name} ({part.section})"
            amounts = f"{about}{part.download:,} bytes to download, {part.installed:,} installed"
            lines.append(f"largest: {name} {amounts}")
            lines.append(f"    fix: {hint(part)}")
    return "\n".join(lines)


def _amount(value: int | float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"
