"""Appending more entries than a graph of static shape takes at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from edge.engines.pieces import pieces
from edge.engines.protocol import Entries
from edge.engines.timeline import NewPlaces, Timeline, joined

Append = Callable[[Entries, int, bool, Timeline], NewPlaces]  # entries, size of the bucket, profile, timeline


def append_in_pieces(
    append: Append, entries: Entries, profile: bool, timeline: Timeline, sizes: Sequence[int]
) -> NewPlaces:
    """What `append` gives for one piece after another; each attends to those before it. `timeline` stays as it is."""
    parts: list[NewPlaces] = []
    for start, stop, size in pieces(len(entries), sizes):
        if parts:
            timeline = timeline.copy() if len(parts) == 1 else timeline
            timeline.extend(parts[-1], np.zeros(len(parts[-1].gates), dtype=np.float32))
        parts.append(append(entries.part(start, stop), size, profile and not start, timeline))
    return parts[0] if len(parts) == 1 else joined(parts)
