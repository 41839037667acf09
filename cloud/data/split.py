"""Which rows train, which validate, which test: by time, a screen never divided."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cloud.data.log import TEST, TRAIN, VALIDATION
from cloud.data.moments import screens, user_starts
from cloud.data.schema import Split

Parts = NDArray[np.int8]
Users = NDArray[np.int32]
Times = NDArray[np.float64]


def protocol(split: Split) -> str:
    """How the rows were split, in words, for the readers of a figure."""
    words = {
        "user": f"per user by time: the last {split.test:.0%} of rows are test, {split.validation:.0%} before them "
        "validation, rounded down to whole screens, the rest train",
        "time": f"one time for all: the last {split.test:.0%} of rows are test, {split.validation:.0%} before them "
        "validation, rounded to whole moments, the rest train",
        "last": "per user: the last screen is test, the one before it validation, the rest train",
    }
    held_out = f"; {split.unseen_items:.0%} of the items in test rows alone" if split.unseen_items else ""
    return words[split.by] + held_out


def parts(user: Users, time: Times, split: Split) -> Parts:
    """(row,) TRAIN, VALIDATION or TEST for rows ordered by user, then time. Rows of one screen share a part."""
    if not len(user):
        return np.zeros(0, dtype=np.int8)
    return {"user": _by_user, "time": _by_time, "last": _by_last_screen}[split.by](user, time, split)


def _by_user(user: Users, time: Times, split: Split) -> Parts:
    counts = np.bincount(user)
    left = np.cumsum(counts)[user]
    left -= screens(user, time)  # rows of the user from the screen on
    test, validation = _share(counts, split.test), _share(counts, split.validation)
    return _parts(left <= test[user], left <= (test + validation)[user])


def _by_time(user: Users, time: Times, split: Split) -> Parts:
    ordered = np.sort(time)
    test, validation = (int(_share(np.array(len(time)), share)) for share in (split.test, split.validation))
    places = [min(len(time) - count, len(time) - 1) for count in (test, test + validation)]
    return _parts(time >= ordered[places[0]], time >= ordered[places[1]])


def _by_last_screen(user: Users, time: Times, split: Split) -> Parts:
    """A user of one screen trains, one of two has no validation."""
    first = screens(user, time) == np.arange(len(user))  # the first row of its screen
    number = np.cumsum(first)
    last = np.zeros(user.max() + 1, dtype=np.int64)
    np.maximum.at(last, user, number)
    behind = last[user] - number  # screens of the user after this one
    before = number - number[user_starts(user)]
    return _parts((behind == 0) & (before > 0), (behind <= 1) & (before > 0))


def _parts(test: NDArray[np.bool_], validation: NDArray[np.bool_]) -> Parts:
    part = np.full(len(test), TRAIN, dtype=np.int8)
    part[validation] = VALIDATION
    part[test] = TEST
    return part


def _share(counts: NDArray[np.int64], share: float) -> NDArray[np.int64]:
    """Rounded down, without 0.1 * 30 = 2.9999 becoming 2."""
    return np.floor(counts * share + 1e-9).astype(np.int64)


def unseen_items(item: Users, split: Split) -> NDArray[np.bool_]:
    """(row,) True for rows of the items that only test rows may have: a share of the items, drawn by the seed."""
    known = np.unique(item)
    drawn = np.random.default_rng(split.seed).permutation(known)[
        : int(_share(np.array(len(known)), split.unseen_items))
    ]
    return np.isin(item, drawn)
