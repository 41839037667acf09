"""How many tokens requests cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cloud.data.requests import EncodedRequest
from edge.text.wordpiece import UNKNOWN


@dataclass
class TokenCount:
    """Grows with each request; `summary` gives means, 95th percentiles and maxima."""

    user: list[int] = field(default_factory=list)  # tokens of the user side, closing included
    request: list[int] = field(default_factory=list)
    candidate: list[int] = field(default_factory=list)
    event: list[int] = field(default_factory=list)
    events: list[int] = field(default_factory=list)  # per request
    unknown: int = 0

    def add(self, request: EncodedRequest) -> None:
        candidates = [len(candidate) for candidate in request.candidates]
        events = [len(segment) for segment in request.segments[1:-1]]
        self.user.append(sum(map(len, request.segments)))
        self.request.append(self.user[-1] + sum(candidates))
        self.candidate += candidates
        self.event += events
        self.events.append(len(events))
        self.unknown += sum(segment.count(UNKNOWN) for segment in (*request.segments, *request.candidates))

    @property
    def requests(self) -> int:
        return len(self.request)

    def summary(self) -> dict[str, Any]:
        """{request, user, candidate, event: {mean, p95, max}; events_per_request, total, unknown_share}."""
        total = sum(self.request)
        return {
            "request": _spread(self.request),
            "user": _spread(self.user),
            "candidate": _spread(self.candidate),
            "event": _spread(self.event),
            "events_per_request": round(float(np.mean(self.events)), 2) if self.events else 0.0,
            "total": total,
            "unknown_share": round(self.unknown / total, 6) if total else 0.0,
        }


def _spread(counts: list[int]) -> dict[str, float]:
    if not counts:
        return {"mean": 0.0, "p95": 0, "max": 0}
    mean, high = round(float(np.mean(counts)), 1), int(np.percentile(counts, 95, method="higher"))
    return {"mean": mean, "p95": high, "max": max(counts)}
