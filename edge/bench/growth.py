"""What a bundle may add to the one before it: bytes, lost quality, time and instructions, each with where it went."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from edge.bench.budget import Budget
from edge.bench.check import Check, count
from edge.bench.facts import NOT_MEASURED, Facts
from edge.bench.hints import LOWER_IS_BETTER, hint_for
from edge.bundle.bundle import Bundle
from edge.bundle.exits import Exit
from edge.bundle.sizes import bundle_sizes, group_of
from edge.errors import EdgeError
from edge.inspect.causes import main_causes
from edge.inspect.changes import Change, Comparison, compare_bundles

ROUNDING = 1e-9  # .7573 less .7553 is a little above .002
MOST_NAMED = 3
REGAIN = (
    "check what changed in training and compression; often fewer zeros help (edge compress --to pruned --set "
    "sparsity=...), or 8 bits instead of 4, or longer training"
)
FASTER = (
    "pad less (edge export --set buckets.tokens=...), or make the student narrower (edge distill --set "
    "shape.hidden_size=...)"
)


@dataclass(frozen=True)
class Step:
    """From one bundle to the next, on one engine; the comparison is made when the first check fails."""

    before: Bundle
    after: Bundle
    engine: str

    @cached_property
    def comparison(self) -> Comparison:
        """What changed between the two bundles; computed once."""
        return compare_bundles(self.before, self.after)

    def growers(self, installed: bool) -> list[Change]:
        """Pieces that the engine's bundle ships and that grew, largest growth first."""
        shipped = [change for change in self.comparison.changes if self._ships(change)]
        grown = [change for change in shipped if _growth(change, installed) > 0]
        return sorted(grown, key=lambda change: (-_growth(change, installed), change.name))

    def _ships(self, change: Change) -> bool:
        return not change.section.startswith("model:") or change.section == f"model:{self.engine}"

    @property
    def settings(self) -> list[str]:
        """What the manifest says differently, a line each."""
        moved = [row for row in self.comparison.settings if row.before != row.after and row.name != "name"]
        return [f"changed with it: {row.name} from {_shown(row.before)} to {_shown(row.after)}" for row in moved]


def check_growth(step: Step, budget: Budget, facts: Facts) -> Iterator[Check]:
    """One check per limit of `budget.growth`; losses of quality are checked at every exit of the baseline."""
    for what, allowed in budget.growth.sizes.items():
        yield _size_check(step, what, allowed, facts)
    for metric, loss in budget.growth.quality.items():
        yield _quality_check(step, metric, loss)
    if budget.growth.time is not None:
        yield _time_check(step, budget.growth.time, facts)
    if budget.growth.instructions is not None:
        yield _instructions_check(step, budget.growth.instructions, facts)


def _size_check(step: Step, what: str, allowed: int, facts: Facts) -> Check:
    before, after = _sizes(step, what, facts)
    grown = after - before
    if grown <= allowed:
        return Check(f"growth of {what}", grown, allowed, passed=True)
    problem = (
        f"{what} grew by {count(grown, 'byte')}, {count(grown - allowed, 'byte')} more than the {allowed:,} allowed"
    )
    evidence = [f"from {before:,} to {after:,} bytes"]
    fixes = [f"if it is worth it, raise {what} under [growth] in the budget"]
    if what != "resident":
        growers = step.growers(what == "installed")
        evidence += [_grower(change, what == "installed") for change in growers[:MOST_NAMED]]
        fixes = [*dict.fromkeys(hint_for(_part(change)) for change in growers[:1]), *fixes]
    return Check(f"growth of {what}", grown, allowed, False, problem, tuple(evidence), tuple(fixes))


def _sizes(step: Step, what: str, facts: Facts) -> tuple[int, int]:
    if what == "resident":
        return _measured(facts.resident_before, what), _measured(facts.resident, what)
    before, after = (getattr(bundle_sizes(bundle, step.engine), what) for bundle in (step.before, step.after))
    return before, after


def _growth(change: Change, installed: bool) -> int:
    before, after = change.installed if installed else (change.before, change.after)
    return (after or 0) - (before or 0)


def _grower(change: Change, installed: bool) -> str:
    """`+1,010 bytes: golden.jsonl, whose content changed`"""
    main = main_causes(change.causes)
    why = f", {'which' if main[0].what in ('new', 'removed') else 'whose'} {main[0].text}" if main else ""
    return f"{_growth(change, installed):+,} bytes: {change.name}{why}"


def _part(change: Change) -> str:
    """The part that a piece belongs to, as hints name it."""
    if change.section == "weights":
        return group_of(change.name)
    kind, _, engine = change.section.partition(":")
    return f"graph ({engine})" if kind == "model" else change.section


def _quality_check(step: Step, metric: str, allowed: float) -> Check:
    """About the exit that lost most; one that is no longer measured has lost everything."""
    old, now = (_figures(bundle, metric) for bundle in (step.before, step.after))
    if not old:
        raise EdgeError(
            f"{step.before.path} has no {metric!r} to compare with",
            fix=f"choose another baseline, or take {metric} out of [growth] in the budget",
        )
    what = f"loss of {metric}"
    if gone := sorted(old.keys() - now.keys()):
        problem = f"{metric} is no longer measured at exit {', '.join(map(str, gone))}"
        fix = "export the bundle again with every exit of the baseline, or choose another baseline"
        return Check(what, None, allowed, False, problem, _against(step), (fix,))
    rises = metric in LOWER_IS_BETTER
    lost = {exit: now[exit] - old[exit] if rises else old[exit] - now[exit] for exit in old}
    worst = sorted(lost, key=lambda exit: (-lost[exit], exit))
    most = lost[worst[0]]
    if most <= allowed + ROUNDING:
        return Check(what, most, allowed, passed=True)
    verb = "rose" if rises else "fell"
    problem = (
        f"{metric} {verb} by {most:.4f} at exit {worst[0]}, {most - allowed:.4f} more than the {allowed:.4f} allowed"
    )
    failed = [exit for exit in worst if lost[exit] > allowed + ROUNDING]
    evidence = [f"exit {exit}: from {old[exit]:.4f} to {now[exit]:.4f}" for exit in failed[:MOST_NAMED]]
    evidence += [f"and {count(len(failed) - MOST_NAMED, 'exit')} more"] if len(failed) > MOST_NAMED else []
    return Check(what, most, allowed, False, problem, (*evidence, *_against(step)), (REGAIN, _accept(metric)))


def _figures(bundle: Bundle, metric: str) -> dict[Exit, float]:
    return {one.exit: one.quality[metric] for one in bundle.exits if metric in one.quality}


def _time_check(step: Step, allowed: float, facts: Facts) -> Check:
    if facts.speed is None:
        raise EdgeError("the budget limits the growth of time, but the time was not measured", fix=NOT_MEASURED)
    speed, found = facts.speed, facts.speed.cpu
    what = "time against the baseline"
    sure = f"with {speed.confidence:.0%} confidence {found.low:.4f} to {found.high:.4f} times"
    if found.low <= allowed:
        return Check(what, found.ratio, allowed, True, evidence=(sure,))
    problem = f"a request takes {found.ratio:.4f} times the baseline's CPU time, {allowed:.4f} times is allowed"
    spent = f"{speed.before_ms:.2f} ms before, {speed.after_ms:.2f} ms now"
    evidence = (f"{sure} ({spent}, exits {speed.exits[0]} and {speed.exits[1]})", *_against(step))
    return Check(what, found.ratio, allowed, False, problem, evidence, (FASTER, _accept("time")))


def _instructions_check(step: Step, allowed: float, facts: Facts) -> Check:
    if facts.instructions_before is None or not facts.instructions:
        raise EdgeError("the budget limits the growth of instructions, but they were not counted", fix=NOT_MEASURED)
    before, after = facts.instructions_before, facts.instructions[max(facts.instructions)]
    ratio, what = after / before, "instructions against the baseline"
    if ratio <= allowed:
        return Check(what, ratio, allowed, passed=True)
    problem = f"a request takes {ratio:.4f} times the baseline's instructions, {allowed:.4f} times is allowed"
    evidence = (f"{before:,} before, {after:,} now; the count has no noise", *_against(step))
    return Check(what, ratio, allowed, False, problem, evidence, (FASTER, _accept("instructions")))


def _against(step: Step) -> tuple[str, ...]:
    """Where to look: the baseline, and the first settings that differ."""
    compared = f"edge inspect {step.before.path} {step.after.path} shows everything that changed"
    return (*islice(step.settings, MOST_NAMED), compared)


def _accept(key: str) -> str:
    return f"if it is worth it, raise {key} under [growth] in the budget"


def _measured(value: int | None, what: str) -> int:
    if value is None:
        raise EdgeError(f"the budget limits the growth of {what}, but it was not measured", fix=NOT_MEASURED)
    return value


def _shown(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:12]}..."
