"""Encoded requests: the input of the full model, assembled from a prepared run's rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cloud.data.moments import user_rows
from cloud.data.rows import Prepared
from cloud.runs.directory import Run
from edge.text.sequence import Segment, candidate_segment, event_segment, profile_segment, user_segments
from edge.text.spec import TextSpec, read_spec


@dataclass(frozen=True)
class EncodedRequest:
    """Token ids of one request. `candidates`, `items` and `labels` are parallel; `time` in whole seconds."""

    user: str
    time: int
    segments: tuple[Segment, ...]  # profile, events oldest first, closing
    candidates: tuple[Segment, ...]
    items: tuple[str, ...]
    labels: NDArray[np.int8]  # (candidate,) 1 = liked

    @property
    def tokens(self) -> int:
        """Tokens of the whole request: the user side once and every candidate."""
        return sum(map(len, self.segments)) + sum(map(len, self.candidates))


def load_requests(run: Run, split: str) -> list[EncodedRequest]:
    """All requests of "train", "validation" or "test" of a prepared run. Equal segments share memory.

    A user's consecutive rows of the split are candidates together, as many at a time as the run says and as may look
    back on about the same: on what the first of them may, and at most half as much again.
    """
    prepared = Prepared(run)
    size = int(run.manifest["config"]["candidates_per_request" if split == "train" else "evaluation_candidates"])
    return list(_requests(prepared, prepared.part(split), size, read_spec(run.file("text.json"))))


def blocks(user: NDArray[np.int32], size: int) -> Iterator[tuple[int, int]]:
    """(first, last) of consecutive rows of one user, at most `size` at a time."""
    for start, end in user_rows(user):
        for first in range(start, end, size):
            yield first, min(first + size, end)


def blocks_of_history(user: NDArray[np.int32], earlier: NDArray[np.int32], size: int) -> Iterator[tuple[int, int]]:
    """`blocks` that also end where a row has half as many earlier events again as the block's first."""
    for start, end in user_rows(user):
        first = start
        while first < end:
            most = int(earlier[first]) + max(1, int(earlier[first]) // 2)
            alike = int(np.searchsorted(earlier[first:end], most, side="right"))
            yield first, first + min(alike, size)
            first += min(alike, size)


def _requests(prepared: Prepared, rows: NDArray[np.intp], size: int, spec: TextSpec) -> Iterator[EncodedRequest]:
    user, item, time, label, earlier, phrase, context = (
        prepared.column(name) for name in ("user", "item", "time", "label", "earlier", "phrase", "context")
    )
    events = np.flatnonzero(prepared.column("event"))
    first_event = np.searchsorted(user[events], np.arange(len(prepared.users.names) + 1))
    texts = _Segments(prepared, spec)
    for first, last in blocks_of_history(user[rows], earlier[rows], size):
        chosen = rows[first:last]
        owner = int(user[chosen[0]])
        end = int(first_event[owner]) + int(earlier[chosen[0]])
        past = events[first_event[owner] : end]
        newest = (texts.event(int(phrase[row]), int(item[row])) for row in past[::-1])
        yield EncodedRequest(
            user=prepared.users.names[owner],
            time=int(time[chosen[0]] // 1),
            segments=user_segments(spec, texts.profile(owner), newest),
            candidates=tuple(texts.candidate(int(context[row]), int(item[row])) for row in chosen),
            items=tuple(prepared.items.names[int(item[row])] for row in chosen),
            labels=label[chosen].astype(np.int8),
        )


class _Segments:
    """Segments put together from the tokens of texts, each made once."""

    def __init__(self, prepared: Prepared, spec: TextSpec) -> None:
        self.prepared, self.spec = prepared, spec
        self._events: dict[tuple[int, int], Segment] = {}
        self._candidates: dict[tuple[int, int], Segment] = {}

    def profile(self, user: int) -> Segment:
        return profile_segment(self.spec, self.prepared.users.tokens[user])

    def event(self, phrase: int, item: int) -> Segment:
        key = phrase, item
        if key not in self._events:
            tokens = self.prepared.phrases.tokens[phrase] + self.prepared.items.tokens[item]
            self._events[key] = event_segment(self.spec, tokens)
        return self._events[key]

    def candidate(self, context: int, item: int) -> Segment:
        key = context, item
        if key not in self._candidates:
            tokens = self.prepared.phrases.tokens[context] + self.prepared.items.tokens[item]
            self._candidates[key] = candidate_segment(self.spec, tokens)
        return self._candidates[key]
