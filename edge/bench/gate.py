"""Whether a bundle is within its budget; if not, by how much, why, and what to edit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from edge.bench.budget import Budget
from edge.bench.check import Check, Verdict, count
from edge.bench.facts import NOT_MEASURED, Facts
from edge.bench.growth import Step, check_growth
from edge.bench.hints import LOWER_IS_BETTER, hint_for
from edge.bench.sharing import check_sharing
from edge.bundle.bundle import Bundle
from edge.bundle.exits import Exit, MeasuredExit
from edge.bundle.sizes import Part, bundle_sizes, parts
from edge.conformance.verify import Agreement, Verification
from edge.errors import EdgeError

MOST_NAMED = 3
BETTER = (
    "train longer or prune less (edge compress --to pruned --set sparsity=...); a deeper exit costs time but no bytes"
)
FASTER = "use a shallower exit, fewer padded tokens (edge export --set buckets.tokens=...), or a narrower student"
UNLIKE = (
    "edge verify BUNDLE shows every exit; never mix files of two exports in one bundle",
    "after a deliberate change of the model or of its templates, export again to get new golden requests",
)
COMPLETE = (
    "export again: edge export writes golden requests that cover every exit, full timelines and texts of every kind",
)


def check_bundle(
    bundle: Bundle, budget: Budget, engine: str, facts: Facts | None = None, baseline: Bundle | None = None
) -> Verdict:
    """Check the bundle against every limit. `facts` must have what the budget limits and has to be measured."""
    facts = facts or Facts()
    require_baseline(budget, baseline)
    weighed = parts(bundle, engine)
    checks = [*_size_checks(bundle, budget, engine, facts, weighed), *_quality_checks(bundle, budget)]
    if budget.parity:
        checks.append(_parity_check(facts.verification, bundle, engine))
    if budget.unique_weights:
        checks += check_sharing(bundle, engine, baseline)
    checks += _instruction_checks(bundle, budget, facts)
    if baseline is not None:
        checks += check_growth(Step(baseline, bundle, engine), budget, facts)
    if not checks:
        raise EdgeError("the budget holds no limit, so nothing was checked", fix='add one, e.g. download = "300 kB"')
    return Verdict(bundle.path, engine, tuple(checks), tuple(_heaviest(weighed, checks)))


def require_baseline(budget: Budget, baseline: Bundle | None) -> None:
    """Errors: growth is limited without a baseline, or the other way round: a check would silently not be made."""
    if baseline is None and not budget.growth.empty:
        raise EdgeError(
            "the budget limits growth, but no baseline is given",
            fix="give --baseline OLD.edge, or take [growth] out of the budget",
        )
    if baseline is not None and budget.growth.empty:
        raise EdgeError("a baseline is given, but the budget limits no growth", fix="add [growth] to the budget")


def _size_checks(bundle: Bundle, budget: Budget, engine: str, facts: Facts, weighed: list[Part]) -> Iterator[Check]:
    sizes = bundle_sizes(bundle, engine)
    measured = {"download": sizes.download, "installed": sizes.installed, "resident": facts.resident}
    for what, size in measured.items():
        limit = getattr(budget, what)
        if limit is None:
            continue
        if size is None:
            raise EdgeError(f"the budget limits {what}, but it was not measured", fix=NOT_MEASURED)
        if size <= limit:
            yield Check(what, size, limit, passed=True)
            continue
        problem = f"{what} is {size:,} bytes, {count(size - limit, 'byte')} over its limit of {limit:,}"
        largest = _by_weight(weighed, what)[:MOST_NAMED]
        fixes = [f"{part.name}: {hint_for(part.name)}" for part in largest]
        yield Check(what, size, limit, False, problem, tuple(map(_part_text, largest)), tuple(fixes))


def _by_weight(weighed: list[Part], what: str) -> list[Part]:
    """Largest first, by what is downloaded or by what is installed."""
    size = "download" if what == "download" else "installed"
    return sorted(weighed, key=lambda part: (-getattr(part, size), part.name))


def _heaviest(weighed: list[Part], checks: list[Check]) -> list[Part]:
    """By the first size that failed, else by the download."""
    failed = [
        check.what for check in checks if not check.passed and check.what in ("download", "installed", "resident")
    ]
    return _by_weight(weighed, failed[0] if failed else "download")[:MOST_NAMED]


def _part_text(part: Part) -> str:
    about = "about " if part.estimated else ""
    name = part.name if part.name == part.section else f"{part.name} ({part.section})"
    return f"largest: {name} {about}{part.download:,} bytes to download, {part.installed:,} installed"


def _quality_checks(bundle: Bundle, budget: Budget) -> Iterator[Check]:
    exits = {one.exit: one for one in bundle.exits}
    limits = dict(budget.exits)
    if budget.quality:
        best = bundle.best
        limits[best] = {**budget.quality, **limits.get(best, {})}
    for exit, minima in sorted(limits.items()):
        if exit not in exits:
            raise _no_exit(bundle, exit, exits)
        yield from (_quality_check(bundle, exits[exit], metric, limit) for metric, limit in minima.items())


def _no_exit(bundle: Bundle, exit: Exit, known: Iterable[Exit]) -> EdgeError:
    evidence = f"it has exits {', '.join(map(str, sorted(known)))}"
    return EdgeError(f"{bundle.path} has no figures for exit {exit}", evidence=evidence, fix="name one of these")


def _quality_check(bundle: Bundle, found: MeasuredExit, metric: str, limit: float) -> Check:
    if metric not in found.quality:
        raise EdgeError(
            f"{bundle.path} has no {metric!r} for exit {found.exit}",
            evidence=f"it has {', '.join(found.quality) or 'none'}",
            fix="name one of these in the budget, or export again",
        )
    what, measured = f"{metric} at exit {found.exit}", float(found.quality[metric])
    at_most = metric in LOWER_IS_BETTER
    if measured <= limit if at_most else measured >= limit:
        return Check(what, measured, limit, passed=True)
    side = "above its maximum" if at_most else "below its minimum"
    problem = f"{what} is {measured:.4f}, {abs(measured - limit):.4f} {side} of {limit:.4f}"
    protocol = bundle.manifest["provenance"].get("protocol")
    evidence = (f"measured when the bundle was made: {protocol}",) if isinstance(protocol, str) else ()
    return Check(what, measured, limit, False, problem, evidence, (BETTER,))


def _parity_check(found: Verification | None, bundle: Bundle, engine: str) -> Check:
    """The largest difference of a logit against its tolerance; wrong text counts in requests.

    What the golden requests do not examine could be anything, so it is no pass.
    """
    if found is None:
        raise EdgeError("the budget requires parity, but it was not measured", fix=NOT_MEASURED)
    text, *scores = found.results
    what = f"parity ({engine})"
    if not text.passed:
        wrong = f"{int(text.max_difference)} of {text.requests} golden requests are worded or tokenised differently"
        return Check(what, int(text.max_difference), 0, False, wrong, (), UNLIKE)
    if not scores:
        raise EdgeError(
            f"{bundle.path} has no golden scores to compare {engine} with", fix="export again: edge export writes them"
        )
    worst = sorted(scores, key=lambda row: -row.max_difference)
    measured, limit = worst[0].max_difference, worst[0].tolerance
    if not found.passed:
        problem = f"{engine} differs from the golden scores by up to {measured:.3g}, {limit:.3g} is allowed"
        return Check(what, measured, limit, False, problem, tuple(map(_off, worst[:MOST_NAMED])), UNLIKE)
    if found.unexamined:
        problem = f"the golden requests leave {count(len(found.unexamined), 'case')} untested"
        evidence = f"not tested: {', '.join(found.unexamined)}"
        return Check(what, measured, limit, False, problem, (evidence,), COMPLETE)
    return Check(what, measured, limit, passed=True)


def _off(row: Agreement) -> str:
    return f"exit {row.exit}: up to {row.max_difference:.3g}, mean {row.mean_difference:.3g}"


def _instruction_checks(bundle: Bundle, budget: Budget, facts: Facts) -> Iterator[Check]:
    limits = dict(budget.exit_instructions)
    if budget.instructions is not None:
        deepest = bundle.deepest
        limits[deepest] = min(budget.instructions, limits.get(deepest, budget.instructions))
    for exit, limit in sorted(limits.items()):
        if not facts.instructions:
            raise EdgeError("the budget limits instructions, but they were not counted", fix=NOT_MEASURED)
        if exit not in facts.instructions:
            raise _no_exit(bundle, exit, facts.instructions)
        what, counted = f"instructions at exit {exit}", facts.instructions[exit]
        if counted <= limit:
            yield Check(what, counted, limit, passed=True)
            continue
        over = f"{counted - limit:,} over its limit of {limit:,}"
        problem = f"a request to exit {exit} takes {counted:,} ARM64 instructions, {over}"
        evidence = f"{counted / limit:.2%} of what is allowed; the count has no noise"
        yield Check(what, counted, limit, False, problem, (evidence,), (FASTER,))
