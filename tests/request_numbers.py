"""The numbers of a whole request, as SPEC.md lists them: every event of the user, then every candidate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.text.number import Number
from edge.text.offered import NumberGroups
from edge.text.types import Request
from edge.text.user_numbers import UserNumbers


def request_numbers(numbers: Sequence[Number], request: Request) -> tuple[np.ndarray, np.ndarray]:
    """(event, number) of the past events, each after those of an earlier time; (candidate, number). NaN: missing.

    Errors: an attribute that is no number where one is needed.
    """
    groups = NumberGroups(numbers)
    user = UserNumbers(groups, request.user)
    for event in request.events:
        user.add(event)
    return user.of_events(0), user.of_candidates(groups.offered(request.candidates), request.time)
