"""Suspicious labels: something gives them away, or the way that rows were drawn misleads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cloud.data.certainty import auc_uncertainty
from cloud.data.schema import Negatives
from edge.config import setting
from edge.errors import EdgeError

GIVEN_AWAY = 0.95  # an AUC from which on something alone tells the label; from 1 less this on downwards, too
MISLEADING = 0.4  # an AUC of popularity below which rows were drawn against it
SKILL = 0.65  # an AUC of popularity above which drawn negatives make it look like skill
POPULARITY = ("popularity", "rows of the item in training")
BY = "stage"  # of the ways to draw negatives the one under which popularity tells least


def label_warnings(
    figures: Mapping[str, Any], baselines: Mapping[str, Any], negatives: Negatives
) -> Iterator[EdgeError]:
    """`figures` with those of numbers; `baselines` of the test split. Nothing where chance could be the cause."""
    test = figures["parts"]["test"]
    liked = round(test["rows"] * test["liked"])
    if not 0 < liked < test["rows"]:
        return
    uncertainty = auc_uncertainty(liked, test["rows"] - liked)
    if uncertainty > MISLEADING / 2:
        return
    named = list(_attributes(figures, test["rows"]))
    yield from (error for _, error in named)
    yield from _numbers(figures, test["rows"], {name for name, _ in named})
    aucs = _of_baselines(figures, baselines)
    yield from _too_good(aucs, negatives)
    yield from _misleading(aucs, min(MISLEADING, 0.5 - uncertainty), negatives)


def _tells(auc: float | None) -> bool:
    return auc is not None and not 1 - GIVEN_AWAY < auc < GIVEN_AWAY


def _attributes(figures: Mapping[str, Any], rows: int) -> Iterator[tuple[str, EdgeError]]:
    for attribute in figures["attributes"]:
        if _tells(attribute["auc"]):
            record, _, name = attribute["name"].partition(".")
            yield (
                attribute["name"],
                EdgeError(
                    f"the {record}'s attribute {name!r} gives the label away",
                    evidence=f"ranking by its mean label in training rows has AUC {attribute['auc']:.3f} of "
                    f"{rows:,} test rows",
                    fix=f"take {name} out of [{record}s.attributes], of the templates and of numbers, or fill its "
                    "column with what was known before the row was shown",
                ),
            )


def _numbers(figures: Mapping[str, Any], rows: int, named: set[str]) -> Iterator[EdgeError]:
    """Those that do not just repeat an attribute named already."""
    for number in figures["numbers"]:
        auc = number["test"]["auc"]
        if _tells(auc) and number["of"] not in named:
            training = number["train"]["auc"]
            beside = "" if training is None else f", {training:.3f} of training rows"
            yield EdgeError(
                f"the number {number['name']!r} gives the label away",
                evidence=f"alone it has AUC {auc:.3f} of {rows:,} test rows{beside}",
                fix="take it out of numbers in [text]; if an attribute of the item is what it reads, fill that column "
                "with what was known before the row was shown",
            )


def _of_baselines(figures: Mapping[str, Any], baselines: Mapping[str, Any]) -> dict[str, float]:
    """AUC on test rows; also of what training rows say of an item, which a log without a shared clock has, too."""
    items = {POPULARITY[1]: "rows", "liked share of the item in training": "liked_share"}
    aucs = {name: metrics["auc"] for name, metrics in baselines.items()}
    aucs |= {name: figures["items"][key] for name, key in items.items()}
    return {name: auc for name, auc in aucs.items() if auc is not None}


def _too_good(aucs: Mapping[str, float], negatives: Negatives) -> Iterator[EdgeError]:
    high = {name: auc for name, auc in aucs.items() if auc > GIVEN_AWAY}
    popular = {name: auc for name, auc in aucs.items() if name in POPULARITY and auc > SKILL}
    if negatives.each and popular:
        yield EdgeError(
            f"negatives drawn by {negatives.by!r} make popularity alone look like skill",
            evidence=f"AUC on test rows: {_listed(popular)}",
            fix=_drawn_otherwise(negatives),
        )
    elif high:
        yield EdgeError(
            "the label depends on the item or the user alone: a baseline without text is almost always right",
            evidence=f"AUC on test rows: {_listed(high)}",
            fix="check how rows that are not liked were drawn: an item that some users like must also be shown to "
            "users who do not, and a user's screen must hold both",
        )


def _misleading(aucs: Mapping[str, float], limit: float, negatives: Negatives) -> Iterator[EdgeError]:
    low = {name: auc for name, auc in aucs.items() if auc < limit}
    of_items = {name: auc for name, auc in low.items() if not name.startswith("user")}
    if of_items:
        yield EdgeError(
            "popular items are liked less than others in test rows: rows that are not liked seem to be drawn from "
            "popular items",
            evidence=f"AUC on test rows (.5 is chance): {_listed(of_items)}",
            fix=_drawn_otherwise(negatives)
            if negatives.each
            else "if they were drawn, use the items that were really shown, or draw from what others liked at about "
            "that time, each as often as it was liked, because a model learns how rows were drawn. If all were "
            "shown, nothing needs fixing",
        )
    elif low:
        yield EdgeError(
            "users who liked more of their earlier rows like fewer of their later ones",
            evidence=f"AUC on test rows (.5 is chance): {_listed(low)}",
            fix="check whether the log lists a user's liked rows first, as in an export by label, instead of by time",
        )


def _drawn_otherwise(negatives: Negatives) -> str:
    if negatives.by == BY:
        return "judge a model by how far it is above these baselines, not above chance"
    return f"--set {setting('negatives.by')}={BY}"


def _listed(aucs: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {auc:.3f}" for name, auc in aucs.items())
