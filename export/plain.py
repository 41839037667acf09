"""The arrays of a plain model file: a whole request in one call, for teams with their own model loader.

| input | shape | |
|---|---|---|
| `profile_ids` | (1, T) int32 | the user's profile |
| `event_ids`, `phrase_ids` | (V, T) int32 | of each event, oldest first: its item and its phrase |
| `candidate_ids`, `context_ids` | (C, T) int32 | of each candidate: its item and its context |
| `event_numbers`, `event_missing` | (V, N) | standardised; 0 and 1 where one is missing |
| `candidate_numbers`, `candidate_missing` | (C, N) | |
| `liked` | (V) | the value of each event: its rating, or 1 and 0 |
| `event_count` | (1) int32 | how many of the V rows are events, from the first; the others may hold anything finite |

Out: `logits` (C) of the deepest exit. Ids after a text's last token are 0, and a text without tokens may be all 0.
Inputs that a model does not use, such as numbers if it has none, are left out. Numbers are float32. In ONNX
V, C and T are dynamic.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cloud.ranking.shape import RankingShape
from edge.config import check_counts
from edge.engines.distances import bucket_table
from edge.text.checks import MAX_CANDIDATES
from export.buckets import MOST_EVENTS

TEXTS = ("profile_ids", "event_ids", "candidate_ids", "phrase_ids", "context_ids")  # the first three are of items
INTEGERS = (*TEXTS, "event_count")


@dataclass(frozen=True)
class PlainSizes:
    """Capacity of the plain files with fixed shapes; every call computes everything."""

    events: int = 32
    candidates: int = 16

    def __post_init__(self) -> None:
        check_counts(self, events=(1, MOST_EVENTS), candidates=(1, MAX_CANDIDATES))

    def within(self, places: int) -> PlainSizes:
        """With no more events than a timeline of so many places keeps."""
        return replace(self, events=min(self.events, places - 1))

    @property
    def places(self) -> int:
        """The profile's, and one for each event."""
        return self.events + 1

    @property
    def texts(self) -> dict[str, int]:
        """How many there are of each kind."""
        counts = (1, self.events, self.candidates, self.events, self.candidates)
        return dict(zip(TEXTS, counts, strict=True))

    def inputs(self, shape: RankingShape) -> dict[str, tuple[int, ...]]:
        """Shapes by name, in the order of the table above."""
        found: dict[str, tuple[int, ...]] = {name: (count, shape.positions) for name, count in self.texts.items()}
        for of, rows in (("event", self.events), ("candidate", self.candidates)):
            found |= {f"{of}_{name}": (rows, shape.numbers) for name in ("numbers", "missing") if shape.numbers}
        return found | ({"liked": (self.events,)} if shape.factors else {}) | {"event_count": (1,)}

    def apart(self, distances: int) -> np.ndarray:
        """(place, place) buckets of distance of entries that attend to themselves and those before them."""
        numbers = np.arange(self.places)
        apart = numbers[:, None] - numbers
        table = bucket_table(self.places, distances)
        return np.where(apart >= 0, table[np.maximum(apart, 0)], distances).astype(np.int32)

    def bucket_starts(self, distances: int) -> np.ndarray:
        """(bucket,) float32, the least distance of each bucket after the first: a distance's bucket is how many of them
        it reaches."""
        table = bucket_table(self.places, distances)
        return (np.flatnonzero(np.diff(table)) + 1).astype(np.float32)
