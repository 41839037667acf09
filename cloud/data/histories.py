"""How long the histories of rows are, and whether those of training are like those of the test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloud.data.counts import count_by, rounded, share, spread_of
from cloud.data.log import PARTS, TEST, TRAIN, Events
from cloud.data.number_columns import Known
from cloud.data.schema import Split
from cloud.data.split import parts
from edge.config import setting
from edge.errors import EdgeError

Integers = NDArray[np.integer]
ALIKE = 1.5  # times longer or shorter than the middle nine tenths of the test's histories, and still like them
LEAST_ALIKE = 0.15  # of training rows. All users of one length: .25; MovieLens: .6 to .9; see `history_warning`
MOST_NEW = 0.2  # by which the share of rows without a history may be larger in test than in training
FEWEST = 100  # test rows, below which their lengths are chance
EXAMINED = 1_000_000  # rows, of all rows of some users, that another split is tried on
POINTS = 60  # of the curve


def history_figures(known: Known) -> dict[str, Any]:
    """Lengths by part, and a curve: the share of rows whose history is that long at most."""
    lengths = _lengths(known.targets, known.earlier)
    longest = lengths.shape[1] - 1
    at = np.unique(np.round(np.geomspace(1, longest + 1, POINTS)).astype(np.int64)) - 1
    return {
        **{name: _of_part(lengths[part]) for part, name in enumerate(PARTS)},
        "alike": _alike(lengths),
        "curve": {
            "length": at.tolist(),
            **{
                name: [share(count, lengths[part].sum()) for count in np.cumsum(lengths[part])[at]]
                for part, name in enumerate(PARTS)
            },
        },
    }


def history_warning(known: Known, figures: dict[str, Any], split: Split) -> Iterator[EdgeError]:
    """Where few training rows have histories like those of the test, or many test rows have none and training's do.

    Longer histories in test are what a split by time makes; so lengths are compared by what training covers. Of users
    with equally many rows a quarter of the training rows has histories like the test's, of MovieLens two thirds and
    more; of a log whose few long users alone have test rows, a tenth.
    """
    if figures["test"]["rows"] < FEWEST or _covered(figures):
        return
    test, train = figures["test"], figures["train"]
    yield EdgeError(
        "the histories of training rows and test rows differ in length",
        evidence=f"{figures['alike']:.1%} of the training rows have histories about as long as those of the test; "
        f"the median history has {test['median']:,} events in test, {train['median']:,} in training; "
        f"{test['none']:.1%} of the test rows have none, {train['none']:.1%} of the training rows",
        fix=_fix(known, split),
    )


def _covered(figures: dict[str, Any]) -> bool:
    new = figures["test"]["none"] - figures["train"]["none"]
    return figures["alike"] >= LEAST_ALIKE and new <= MOST_NEW


def _fix(known: Known, split: Split) -> str:
    """The other split under which training shows most of what the test asks, if there is one."""
    best, reached = "", LEAST_ALIKE
    events, earlier = _some_users(known)
    for by in ("last", "user", "time") if known.log.shared_clock else ("last", "user"):
        if by == split.by:
            continue
        found = _figures_under(events, earlier, replace(split, by=by))
        if found and _covered(found) and found["alike"] > reached:
            best, reached = by, found["alike"]
    if best:
        return f"--set {setting('split.by')}={best} ({reached:.0%} of the training rows are then like the test's)"
    return "use more events of the users in the test split; until then, training and test are about different histories"


def _some_users(known: Known) -> tuple[Events, Integers]:
    """The rows of about `EXAMINED` rows' users, and how many events are earlier than each."""
    every = -(-len(known.targets) // EXAMINED)
    if every <= 1:
        return known.targets, known.earlier
    chosen = known.targets.user % every == 0
    return known.targets.select(chosen), known.earlier[chosen]


def _figures_under(events: Events, earlier: Integers, split: Split) -> dict[str, Any]:
    """Of another split; nothing if it leaves a part empty."""
    lengths = _lengths(replace(events, part=parts(events.user, events.time, split)), earlier)
    if not lengths.sum(axis=1).all():
        return {}
    return {name: _of_part(lengths[part]) for part, name in enumerate(PARTS)} | {"alike": _alike(lengths)}


def _lengths(events: Events, earlier: Integers) -> Integers:
    """(part, length) rows."""
    return count_by(earlier, events, int(earlier.max(initial=0)) + 1).rows


def _of_part(counts: Integers) -> dict[str, Any]:
    return {"rows": int(counts.sum()), "none": share(counts[0], counts.sum()), **spread_of(counts)}


def _alike(lengths: Integers) -> float:
    """The share of training rows in the middle nine tenths of the test's lengths, or not far from them."""
    middle = spread_of(lengths[TEST])
    low, high = (middle["p5"] + 1) / ALIKE - 1, (middle["p95"] + 1) * ALIKE - 1
    length = np.arange(lengths.shape[1])
    train = lengths[TRAIN]
    return rounded(share(train[(length >= low) & (length <= high)].sum(), train.sum()))
