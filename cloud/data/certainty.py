"""How precise the test split is: a metric over few rows, or few users, is mostly chance."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from cloud.data.log import TEST, Log
from cloud.data.schema import Split
from edge.config import setting
from edge.errors import EdgeError

LARGEST = 0.05  # two standard errors of an AUC, from which on a warning is given
FEWEST_USERS, LEAST_SHARE = 30, 0.2  # of users with test rows


def auc_uncertainty(liked: int, other: int) -> float:
    """Two standard errors of the AUC of a ranker without skill (Hanley and McNeil 1982), rows independent."""
    return 2 * math.sqrt((liked + other + 1) / (12 * liked * other))


def few_test_rows(log: Log, split: Split) -> Iterator[EdgeError]:
    """Too few test rows of either label, too few users with test rows. The split must hold both labels."""
    rows = log.events.select(log.events.part == TEST)
    liked = int(rows.liked.sum())
    uncertainty = auc_uncertainty(liked, len(rows) - liked)
    if uncertainty > LARGEST:
        yield EdgeError(
            f"the test split has {len(rows):,} rows, {liked:,} of them liked: too few for a precise AUC",
            evidence=f"an AUC on so few rows is uncertain by {min(uncertainty, 0.5):.2f} or more in either direction",
            fix=f"use more events, or a larger share: --set {setting('split.test')}=0.2",
        )
    users, everyone = len(np.unique(rows.user)), len(log.users)
    if users < LEAST_SHARE * everyone or users < FEWEST_USERS <= everyone:
        least = math.ceil(1 / split.test - 1e-9)
        of_each = f"{split.test:g} of a user's rows, rounded down to whole screens, is none of fewer than {least} rows"
        yield EdgeError(
            f"only {users:,} of {everyone:,} users have test rows: all figures are about these users",
            evidence=of_each if split.by == "user" else "",
            fix=f"use users with more events, or a larger share: --set {setting('split.test')}=0.2",
        )
    elif everyone < FEWEST_USERS:
        yield EdgeError(
            f"the log has only {everyone:,} users: too few for reliable figures",
            evidence=f"{users:,} of them have test rows; a model that ranks well for so few may not do so for others",
            fix=f"use the events of {FEWEST_USERS} users or more",
        )
