"""A verdict in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cloud.rivals.written import signed, three, with_interval
from pipeline.verdict import (
    ABOVE,
    BEATS,
    BELOW,
    EVEN,
    LIKE,
    LOSES,
    METRICS,
    Against,
    Judged,
    Verdict,
)

SAME = {"logistic regression", "LightGBM"}  # rivals that read the model's numbers and nothing else
HALF = ".5"  # chance
MOST = 3  # rivals that a sentence names
KNOWS_MORE = "The teacher reads item-item CF as a number. The student has no factors to compute it from."
NO_SCORES = (
    "The rivals were not measured, because that needs pip install '.[rivals]'. The models are compared with the "
    "baselines of the prepared data instead, without intervals."
)


def sentences(verdict: Verdict, measured: bool = True, knows_more: bool = False) -> list[str]:
    """One for each model and metric, then what is kept; `measured` says whether there are rivals' scores, `knows_more`
    whether the teacher reads what no phone computes."""
    found = [_sentence(one, metric) for one in verdict.judged for metric in METRICS]
    found += [_kept(verdict, metric) for metric in METRICS]
    return found + [KNOWS_MORE] * knows_more + [NO_SCORES] * (not measured)


def warnings(verdict: Verdict) -> Iterator[str]:
    """Warnings: the teacher or the last model is near chance, or the teacher is below a rival."""
    teacher, last = verdict.teacher, verdict.last
    if teacher.near_chance:
        yield (
            f"The teacher ranks near chance: AUC {with_interval(teacher.figures['auc'])}. A student of it is "
            "not useful; check the warnings about the data, its texts and numbers, and train longer."
        )
    elif last.near_chance:
        yield f"The {last.name} ranks near chance: AUC {with_interval(last.figures['auc'])}. Train longer, prune less."
    lost = [each for outcome in (LOSES, BELOW) for each in teacher.with_outcome("auc", outcome)]
    if lost:
        yield (
            f"The teacher is below {_counted(len(lost), len(teacher.against))}, by AUC: {_named(lost, 'auc')}. "
            "A student is rarely better than its teacher: train the teacher longer, or ship the rival."
        )


def _sentence(one: Judged, metric: str) -> str:
    parts = [f"{one.name}: {METRICS[metric]} {with_interval(one.figures[metric], undefined='undefined')}"]
    beaten = [each for outcome in (BEATS, ABOVE) for each in one.with_outcome(metric, outcome)]
    if beaten:
        strongest, verb = beaten[0], beaten[0].outcome(metric)
        if len(beaten) == 1:
            parts.append(f"{verb} {_named(beaten, metric)}")
        else:
            of = _counted(len(beaten), len(one.against))
            parts.append(f"{verb} {of}, the strongest of them {_named([strongest], metric)}")
    for outcome in (LIKE, EVEN, LOSES, BELOW):
        if some := one.with_outcome(metric, outcome):
            parts.append(f"{outcome} {_named(some, metric)}")
    return "; ".join(parts) + "."


def _kept(verdict: Verdict, metric: str) -> str:
    share, name, what = verdict.kept[metric], verdict.last.name, METRICS[metric]
    if share is None:
        found = with_interval(verdict.teacher.figures[metric], undefined="undefined")
        return f"No share of the teacher's {what} is given, because it is not clearly above {HALF}: {found}."
    if share <= 0:
        return f"By {what}, the {name} keeps nothing of the teacher's quality: it ranks no better than chance."
    if share >= 1:
        return f"By {what}, the {name} is not below the teacher."
    return f"The {name} keeps {100 * share:.1f} % of the teacher's {what} above {HALF}."


def _named(some: Sequence[Against], metric: str) -> str:
    listed = [f"{rival_name(each.rival)} {_by(each, metric)}" for each in some[:MOST]]
    more = len(some) - MOST
    if more > 0:
        return f"{', '.join(listed)} and {more} more"
    *first, last = listed
    return f"{', '.join(first)} and {last}" if first else last


def _by(each: Against, metric: str) -> str:
    """How far apart they are: unsigned where the verb says which is better."""
    found, outcome = each.differences[metric], each.outcome(metric)
    if outcome in (LIKE, EVEN):
        return f"({signed(found.value)}, {signed(found.low)} to {signed(found.high)})" if outcome == LIKE else ""
    size = f"by {three(abs(found.value))}"
    low, high = sorted((abs(found.low), abs(found.high)))
    return size if outcome in (ABOVE, BELOW) else f"{size} ({three(low)} to {three(high)})"


def _counted(some: int, every: int) -> str:
    return f"{some} of {every} rivals" if every > 1 else "the rival"


def rival_name(name: str) -> str:
    return f"{name} on the same numbers" if name in SAME else name
