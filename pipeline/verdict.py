"""Whether the trained models are better than the rivals on the same rows, and by how much."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from cloud.rivals.difference import difference
from cloud.rivals.draws import Figure
from cloud.rivals.held_out import HeldOut, Logits

METRICS = {"auc": "AUC", "user_auc": "per-user AUC"}
CHANCE, NEAR = 0.5, 0.55  # an AUC below NEAR is near chance, whatever its interval
BEATS, LOSES, LIKE = "beats", "loses to", "does not differ significantly from"
ABOVE, BELOW, EVEN = "is above", "is below", "equals"  # where there is no interval


@dataclass(frozen=True)
class Against:
    """A model's figures less a rival's; without an interval where the rival's scores were not kept."""

    rival: str
    differences: Mapping[str, Figure]  # by metric

    def outcome(self, metric: str) -> str:
        """What the interval says, "" if the metric is not defined."""
        found = self.differences[metric]
        if math.isnan(found.value):
            return ""
        if math.isnan(found.low):
            return ABOVE if found.value > 0 else BELOW if found.value < 0 else EVEN
        return BEATS if found.low > 0 else LOSES if found.high < 0 else LIKE


@dataclass(frozen=True)
class Judged:
    """A model and every rival, on the same test rows."""

    name: str
    figures: Mapping[str, Figure]  # by metric
    against: tuple[Against, ...]

    @property
    def near_chance(self) -> bool:
        """The interval of its AUC reaches chance, or the AUC is low, however sure."""
        found = self.figures["auc"]
        return not (found.low > CHANCE and found.value >= NEAR)

    def with_outcome(self, metric: str, outcome: str) -> list[Against]:
        """The rivals of that outcome, the strongest first."""
        found = [each for each in self.against if each.outcome(metric) == outcome]
        return sorted(found, key=lambda each: each.differences[metric].value)


@dataclass(frozen=True)
class Verdict:
    """`kept`: metric -> share of the teacher's lift above .5 that the last model keeps; None where it has none."""

    judged: tuple[Judged, ...]  # teacher first
    kept: Mapping[str, float | None]

    @property
    def teacher(self) -> Judged:
        return self.judged[0]

    @property
    def last(self) -> Judged:
        """The smallest model."""
        return self.judged[-1]

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "models": [
                {
                    "name": one.name,
                    "figures": {metric: asdict(figure) for metric, figure in one.figures.items()},
                    "against": [
                        {
                            "rival": each.rival,
                            **{
                                metric: asdict(each.differences[metric]) | {"outcome": each.outcome(metric)}
                                for metric in METRICS
                            },
                        }
                        for each in one.against
                    ],
                }
                for one in self.judged
            ],
            "kept": dict(self.kept),
        }


def judge(
    rows: HeldOut,
    models: Mapping[str, Logits],
    rivals: Mapping[str, Logits],
    baselines: Mapping[str, Mapping[str, float | None]] | None = None,
) -> Verdict:
    """`models`, teacher first and the smallest last, beside `rivals`; `baselines` are figures without scores."""
    judged = []
    for name, logits in models.items():
        found = rows.figures(logits, rows.rows)
        against = [
            Against(
                rival,
                {metric: difference(logits, scores, rows.labels, rows.users, metric) for metric in METRICS},
            )
            for rival, scores in rivals.items()
        ]
        against += [
            Against(rival, {metric: _less(found[metric].value, figures.get(metric)) for metric in METRICS})
            for rival, figures in (baselines or {}).items()
        ]
        judged.append(Judged(name, {metric: found[metric] for metric in METRICS}, tuple(against)))
    return Verdict(tuple(judged), {metric: _kept(judged[0], judged[-1], metric) for metric in METRICS})


def _less(value: float, other: float | None) -> Figure:
    return Figure(math.nan if other is None else value - other, math.nan, math.nan)


def _kept(teacher: Judged, last: Judged, metric: str) -> float | None:
    """No share without a lift: the teacher's interval must be clear of chance."""
    whole, left = teacher.figures[metric], last.figures[metric]
    if not whole.low > CHANCE or math.isnan(left.value):
        return None
    return (left.value - CHANCE) / (whole.value - CHANCE)
