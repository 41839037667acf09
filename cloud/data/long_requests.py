"""Whether the request column names requests: if it does not, rows of several weeks become one screen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloud.data.log import Events
from cloud.data.moments import run_starts
from cloud.data.schema import LogTable
from cloud.data.times import LIKELY
from edge.errors import EdgeError

DAY = 86_400  # seconds: no screen stays open for longer
FEW, FEW_SHARE = 3, 0.01  # of the requests of several moments: so many may be odd, such as a tab left open
SCREENS = 3  # of a user: one for each part of the split
NAME_REQUESTS = "name a column in request of [log] that has a value of its own for each screen, or leave request out"


def long_request_warnings(
    log: LogTable, line: NDArray[Any], user: NDArray[Any], time: NDArray[Any], moment: NDArray[Any]
) -> list[EdgeError]:
    """A warning if requests last for days. Columns (row,): `time` as told, `moment` the first of its user's request.

    Step numbers, and times of which users have their own, do not say how long anything lasts.
    """
    if log.clock != "shared" or not len(time) or np.median(time) < LIKELY[0]:
        return []
    span = time - moment
    several, long = (_requests(user[rows], moment[rows]) for rows in (span > 0, span > DAY))
    if long <= max(FEW, FEW_SHARE * several):
        return []
    last = int(span.argmax())
    first = int(np.flatnonzero((user == user[last]) & (time == moment[last]))[0])
    return [
        EdgeError(
            f"{long:,} requests of {Path(log.path).name} last for more than a day, and each is taken for one screen",
            evidence=f"rows {span[last] / DAY:,.1f} days apart, in lines {line[first]} and {line[last]}, are of one "
            "request, so neither is history of the other",
            fix=f"check whether {log.request!r} names the request: {NAME_REQUESTS}",
        )
    ]


def one_screen_each(log: LogTable, events: Events) -> str:
    """Why a part of the split is empty where `request` leaves most users too few screens; "" where it does not."""
    if not log.request or not len(events):
        return ""
    screens, users = _requests(events.user, events.time), len(np.unique(events.user))
    if screens >= SCREENS * users:
        return ""
    return (
        f"by request = {log.request!r} the {len(events):,} rows of {users:,} users are {screens:,} screens, and none "
        "is divided"
    )


def _requests(user: NDArray[Any], moment: NDArray[Any]) -> int:
    order = np.lexsort((moment, user))
    return int(run_starts(user[order], moment[order]).sum())
