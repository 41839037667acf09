"""Why a model loses to a rival: whose level is wrong, what one more score would add, on which rows they disagree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloud.data.log import PARTS, TEST
from cloud.data.rows import Prepared
from cloud.rivals.difference import difference
from cloud.rivals.draws import Figure

Floats = NDArray[np.float64]
Rows = NDArray[np.bool_]
METRICS = ("auc", "user_auc")
MOST_APART = 0.05  # of the rows: those on whose rank two sets of scores disagree most
SHOWN_EVENTS = 6  # of a user's history
STEPS = 60  # of Newton's method


@dataclass(frozen=True)
class Compared:
    """Logits of the same test rows, (row,) each: of `models`, and of `rivals`, one of which they are compared with."""

    labels: Rows
    users: NDArray[np.int32]
    items: NDArray[np.int32]
    models: Mapping[str, Floats]
    rivals: Mapping[str, Floats]
    rival: str

    @property
    def theirs(self) -> Floats:
        return self.rivals[self.rival]

    def less(self, scores: Floats, other: Floats, at: Rows | None = None) -> dict[str, Figure]:
        """Metric -> what `scores` reach less what `other` does, of some of the rows or all."""
        chosen = np.ones(len(self.labels), dtype=bool) if at is None else at
        columns = scores[chosen], other[chosen], self.labels[chosen], self.users[chosen]
        return {metric: difference(*columns, metric=metric) for metric in METRICS}


def with_rivals_level(compared: Compared, scores: Floats, of: NDArray[np.int32]) -> Floats:
    """The scores with the mean of each user or item, as `of` names them, moved to that of the rival's scores."""
    place = np.unique(of, return_inverse=True)[1]
    means = [np.bincount(place, column) / np.bincount(place) for column in (scores, compared.theirs)]
    moved: Floats = scores + (means[1] - means[0])[place]
    return moved


def levels(compared: Compared) -> dict[str, dict[str, dict[str, Figure]]]:
    """Model -> whose level is the rival's -> metric -> figure less the rival's."""
    of = {"each user": compared.users, "each item": compared.items}
    return {
        name: {"none": compared.less(scores, compared.theirs)}
        | {way: compared.less(with_rivals_level(compared, scores, of[way]), compared.theirs) for way in of}
        for name, scores in compared.models.items()
    }


def with_score(compared: Compared, scores: Floats, other: Floats) -> Floats:
    """Logits of a logistic regression on both, each half of the users scored by the fit of the other half."""
    half = np.unique(compared.users, return_inverse=True)[1] % 2 == 0
    stacked = np.empty(len(scores))
    for fitted in (half, ~half):
        if len(np.unique(compared.labels[fitted])) < 2 or fitted.all():
            return scores
        weights = _regression(np.stack([scores, other], axis=1)[fitted], compared.labels[fitted])
        stacked[~fitted] = np.stack([scores, other], axis=1)[~fitted] @ weights[:2] + weights[2]
    return stacked


def additions(compared: Compared) -> dict[str, dict[str, dict[str, Figure]]]:
    """Model -> rival -> metric -> what that rival's score adds to the model's own."""
    return {
        name: {
            rival: compared.less(with_score(compared, scores, other), scores)
            for rival, other in compared.rivals.items()
        }
        for name, scores in compared.models.items()
    }


def _regression(columns: Floats, labels: Rows) -> Floats:
    """(column + 1,) weights, the last of a constant, by Newton's method."""
    inputs = np.concatenate([columns, np.ones((len(columns), 1))], axis=1)
    weights, ridge = np.zeros(inputs.shape[1]), 1e-6 * np.eye(inputs.shape[1])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(inputs @ weights, -30, 30)))
        curvature = inputs.T @ (inputs * (chance * (1 - chance))[:, None]) + ridge * len(labels)
        step = np.linalg.solve(curvature, inputs.T @ (chance - labels))
        weights = weights - step
        if np.abs(step).max() < 1e-9:
            break
    return weights


def ranks(scores: Floats) -> Floats:
    """(row,) the share of rows that score lower, ties by half."""
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    return ((np.cumsum(counts) - counts / 2) / len(scores))[place]


def disagreement(compared: Compared, scores: Floats) -> dict[str, Any]:
    """Of the rows whose ranks are furthest apart: how far, and how often the rival is the one that is right.

    Right is to rank a liked row higher than the other does, and any other row lower.
    """
    apart = ranks(scores) - ranks(compared.theirs)
    rival_right = (apart < 0) == compared.labels
    most = np.argsort(-np.abs(apart), kind="stable")[: max(1, round(MOST_APART * len(apart)))]
    return {
        "rows": len(most),
        "least apart": float(np.abs(apart[most]).min()),
        "rival right": float(rival_right[most].mean()),
        "model higher": float((apart[most] > 0).mean()),
    }


def examples(prepared: Prepared, compared: Compared, scores: Floats, count: int) -> list[dict[str, Any]]:
    """The rows that are furthest apart in rank, at most one of each user, first those where the rival is right."""
    ours, theirs = ranks(scores), ranks(compared.theirs)
    rival_right = (ours < theirs) == compared.labels
    shown: list[dict[str, Any]] = []
    for right in (True, False):
        users: set[int] = set()
        for row in np.argsort(-np.abs(ours - theirs), kind="stable").tolist():
            if len(users) == count:
                break
            if rival_right[row] == right and int(compared.users[row]) not in users:
                users.add(int(compared.users[row]))
                shown.append(
                    _texts(prepared, row) | {"rival right": right, "rank": ours[row], "rival rank": theirs[row]}
                )
    return shown


def _texts(prepared: Prepared, test_row: int) -> dict[str, Any]:
    """What a row reads, as rendered: the profile, the latest events, and the candidate."""
    row = int(prepared.part(PARTS[TEST])[test_row])
    user, item, phrase, label = (prepared.column(name) for name in ("user", "item", "phrase", "label"))
    own = np.flatnonzero((user == user[row]) & prepared.column("event"))
    past = own[: prepared.column("earlier")[row]]
    items, phrases = prepared.items.texts, prepared.phrases.texts
    return {
        "profile": prepared.users.texts[user[row]],
        "events": len(past),
        "liked share": float(label[past].mean()) if len(past) else None,
        "latest": [f"{items[item[at]]}: {phrases[phrase[at]]}" for at in past[-SHOWN_EVENTS:].tolist()],
        "candidate": items[item[row]],
        "context": phrases[prepared.column("context")[row]],
        "outcome": phrases[phrase[row]],
        "liked": bool(label[row]),
    }
