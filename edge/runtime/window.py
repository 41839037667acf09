"""Which of a user's events stand in the timeline: a function of how many there are alone. Normative: PLAN.md."""

from __future__ import annotations


def first_event(events: int, most: int) -> int:
    """The first of so many events that a timeline of at most `most` keeps.

    When it is full, its oldest quarter is dropped, so that few events cause it to be computed again.
    """
    over = events - most
    if over <= 0:
        return 0
    if most == 0:
        return events
    quarter = max(most // 4, 1)
    return -(-over // quarter) * quarter
