"""What was ranked and shown, as a log of impressions that `edge prepare` reads: one JSON object for each candidate."""

from __future__ import annotations

import json
import uuid
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from edge.runtime.ranked import Ranked
from edge.text.types import Event, User, Value

MOST_LOG_ROWS = 1_000_000


@dataclass(frozen=True)
class Served:
    """One answered request: the user, how many events, the time, and what the user did with its items since."""

    user: str
    profile: User
    events: int
    time: float
    ranked: Ranked
    said: dict[str, Mapping[str, Value]] = field(default_factory=dict)  # attributes of a later event, by item id


class ServedLog:
    """The newest requests, at most `most_rows` candidates in all: the oldest request leaves first, whole."""

    def __init__(self, most_rows: int) -> None:
        self._most, self._rows, self._count = most_rows, 0, 0
        self._name = uuid.uuid4().hex  # of this log: requests of two processes differ
        self._kept: deque[tuple[int, Served]] = deque()
        self._turn = Lock()

    def add(self, served: Served) -> None:
        """Log an answered request; the oldest requests are dropped beyond the limit."""
        with self._turn:
            self._count += 1
            self._kept.append((self._count, served))
            self._rows += len(served.ranked.items)
            while self._rows > self._most:
                self._rows -= len(self._kept.popleft()[1].ranked.items)

    def note(self, user: str, event: Event) -> None:
        """What the user did with an item, for the newest request that showed it to that user."""
        with self._turn:
            for _, served in reversed(self._kept):
                if served.user == user and any(item.id == event.item.id for item in served.ranked.items):
                    served.said[event.item.id] = event.attributes
                    return

    def drain(self) -> str:
        """All rows, oldest request first, which are then forgotten."""
        with self._turn:
            kept, self._kept, self._rows = self._kept, deque(), 0
        labels = sorted({name for _, served in kept for name in _switches(served)} - {"liked"})
        rows = (row for number, served in kept for row in _rows(f"{self._name}-{number}", served, labels))
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)

    def clear(self) -> None:
        """Drop all requests; their numbering continues."""
        with self._turn:
            self._kept.clear()
            self._rows = 0


def _switches(served: Served) -> Iterator[str]:
    """The attributes of events that are true or false: labels, which every row has."""
    for attributes in served.said.values():
        yield from (name for name, value in attributes.items() if isinstance(value, bool))


def _rows(request: str, served: Served, labels: list[str]) -> Iterator[dict[str, Any]]:
    """In the order in which the candidates were shown."""
    ranked, why = served.ranked, served.ranked.explanation
    asked = {"request": request, "user": served.user, "time": served.time}
    profile = {f"user.{name}": value for name, value in served.profile.attributes.items()}
    for place, (item, score) in enumerate(zip(ranked.items, ranked.scores, strict=True), start=1):
        said = served.said.get(item.id, {})
        done = {"liked": 0} | dict.fromkeys(labels, 0) | {name: _plain(value) for name, value in said.items()}
        scored = {"place": place, "score": score if score == score else None, "probability": why.probabilities}
        shown = {f"item.{name}": value for name, value in item.attributes.items()}
        about = {"exit": str(why.exit), "events": served.events}
        yield done | asked | {"item": item.id} | scored | about | profile | shown


def _plain(value: Value) -> Value:
    """Labels are 0 and 1."""
    return int(value) if isinstance(value, bool) else value
