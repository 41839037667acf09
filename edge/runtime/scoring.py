"""Candidates against a user's timeline: logits at each interact depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from edge.engines.protocol import Engine, Entries
from edge.engines.timeline import Timeline
from edge.runtime.choice import Work
from edge.runtime.summaries import Sought, Summaries
from edge.runtime.user_timeline import Inputs, Lacks, Reading, UserTimeline
from edge.text.offered import Offered
from edge.text.segments import Segment
from edge.text.types import Item


@dataclass(frozen=True, slots=True)
class Handle:
    """An item that `Ranker.prepare` rendered and tokenised. `item` is the item; the other fields are private.

    It works only with the ranker that made it.
    """

    item: Item
    segment: Segment
    context: Segment
    offered: Offered
    reading: Reading = field(repr=False, compare=False)  # of the bundle that the handle belongs to


def handles_of(reading: Reading, items: Sequence[Item]) -> list[Handle]:
    """Handles of items: rendered and tokenised, nothing encoded. Errors: a value that a template cannot render."""
    encoder, offered = reading.encoder, reading.groups.offered(items)
    return [
        Handle(item, encoder.item(item), encoder.context(item), one, reading)
        for item, one in zip(items, offered, strict=True)
    ]


class Candidates:
    """What a request reads of its candidates, at a moment after all events of the user."""

    def __init__(self, user: UserTimeline, handles: Sequence[Handle], time: float | None) -> None:
        self.handles = handles
        self.segments = [handle.segment for handle in handles]
        self.contexts = [handle.context for handle in handles]
        self.inputs: Inputs = user.candidates([handle.offered for handle in handles], time)


@dataclass(frozen=True)
class Needed:
    """What a request reads at an encode depth: of the user what the timeline lacks, then the candidates'."""

    lacks: Lacks
    items: Sought  # and profiles
    phrases: Sought

    def work(self, engine: Engine, summaries: Summaries, candidates: int) -> Work:
        """What of it is not kept, and scoring."""
        texts = self.items.missing
        return Work(
            chunks=summaries.sizes(texts),
            phrases=summaries.sizes(self.phrases.missing),
            entries=len(self.lacks.phrases),
            candidates=engine.padded_candidates(candidates, engine.shape.interact_layers),
            shallow=engine.padded_candidates(candidates, 0),
            texts=len(texts),
        )


def needed(engine: Engine, summaries: Summaries, user: UserTimeline, candidates: Candidates, depth: int) -> Needed:
    """What a request reads at an encode depth; nothing is computed yet."""
    lacks = user.lacks(engine.shape.places - 1, depth)
    items = summaries.look([*lacks.segments, *candidates.segments], depth)
    return Needed(lacks, items, summaries.look([*lacks.phrases, *candidates.contexts], engine.shape.phrase_depth))


def timeline_and_entries(
    engine: Engine, summaries: Summaries, user: UserTimeline, candidates: Candidates, needed: Needed
) -> tuple[Timeline, Entries]:
    """All events in their places, and the candidates as the engine reads them. All texts are encoded together."""
    items, phrases, lacks = summaries.read(needed.items), summaries.read(needed.phrases), needed.lacks
    own, said = len(lacks.segments), len(lacks.phrases)
    timeline = user.timeline(engine, needed.items.depth, lacks, items[:own], phrases[:said])
    return timeline, Entries(items[own:], phrases[said:], *candidates.inputs)


def scores_of(
    engine: Engine,
    summaries: Summaries,
    user: UserTimeline,
    candidates: Sequence[Handle],
    time: float | None,
    depths: tuple[int, int],
) -> np.ndarray:
    """(interact depth + 1, candidate) logits after an encode depth; `depths`: both."""
    encode, interact = depths
    read = Candidates(user, candidates, time)
    what = needed(engine, summaries, user, read, encode)
    timeline, entries = timeline_and_entries(engine, summaries, user, read, what)
    return engine.score(entries, timeline, interact)
