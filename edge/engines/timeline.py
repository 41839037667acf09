"""What is kept of a user: keys and values of each entry, and what matching reads of each event."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.engines.distances import bucket_table
from edge.engines.shape import ModelShape


@dataclass(frozen=True)
class NewPlaces:
    """Of entries that were appended, (entry) in place of a timeline's (place)."""

    keys: np.ndarray  # (layer, head, entry, head width)
    values: np.ndarray
    match_keys: np.ndarray  # (entry, match size)
    gates: np.ndarray  # (entry, match head)
    said: np.ndarray
    factors: np.ndarray  # (entry, factor)


PARTS = tuple(NewPlaces.__dataclass_fields__)


def joined(parts: list[NewPlaces]) -> NewPlaces:
    """One after another."""
    axes = {name: 2 if name in ("keys", "values") else 0 for name in PARTS}
    return NewPlaces(
        **{name: np.concatenate([getattr(part, name) for part in parts], axis) for name, axis in axes.items()}
    )


class Timeline:
    """The arrays of ENGINE.md, of all places; the first `length` are filled, the profile's first of all."""

    def __init__(self, shape: ModelShape) -> None:
        self.shape, self.length = shape, 0
        layers, places, heads = shape.interact_layers, shape.places, shape.match_heads
        by_head = (layers, shape.heads, places, shape.head_width)
        self.keys, self.values = (np.zeros(by_head, dtype=np.float32) for _ in range(2))
        self.match_keys = np.zeros((places, shape.match_size), dtype=np.float32)
        self.gates, self.said = (np.zeros((places, heads), dtype=np.float32) for _ in range(2))
        self.factors = np.zeros((places, shape.factors), dtype=np.float32)
        self.liked = np.zeros(places, dtype=np.float32)

    @property
    def events(self) -> np.ndarray:
        """(place,) 1 where there is an event."""
        events = np.zeros(self.shape.places, dtype=np.float32)
        events[1 : self.length] = 1
        return events

    def apart(self) -> np.ndarray:
        """(place,) int32: buckets of the distance from the first empty place."""
        return self._row(self.length)

    def apart_of_new(self, count: int) -> np.ndarray:
        """(new, place + new) int32: from each new entry to the places filled and to the new ones up to itself."""
        hidden, places = self.shape.distances, self.shape.places
        table = bucket_table(places + count, self.shape.distances)
        found = np.full((count, places + count), hidden, dtype=np.int32)
        rows = np.arange(count)[:, None]
        found[:, : self.length] = table[self.length + rows - np.arange(self.length)]
        before = rows - np.arange(count)  # of each other: below 0 for those behind
        found[:, places:] = np.where(before >= 0, table[np.maximum(before, 0)], hidden)
        return found

    def copy(self) -> Timeline:
        """One that grows apart from this."""
        copied = Timeline(self.shape)
        copied.length, copied.liked = self.length, self.liked.copy()
        for name in PARTS:
            setattr(copied, name, getattr(self, name).copy())
        return copied

    def extend(self, new: NewPlaces, liked: np.ndarray) -> None:
        """Fill the next places; `liked` (entry,): the value of each event, 0 for the profile."""
        places = slice(self.length, self.length + len(liked))
        for name in PARTS:
            kept, added = getattr(self, name), getattr(new, name)
            if name in ("keys", "values"):
                kept[:, :, places] = added
            else:
                kept[places] = added
        self.liked[places] = liked
        self.length += len(liked)

    def _row(self, place: int) -> np.ndarray:
        row = np.full(self.shape.places, self.shape.distances, dtype=np.int32)
        row[: self.length] = bucket_table(self.shape.places, self.shape.distances)[place - np.arange(self.length)]
        return row
