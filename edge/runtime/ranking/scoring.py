"""Candidates against a user's timeline: logits at each interact depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from edge.engines.ranking.protocol import Entries, RankingEngine
from edge.runtime.ranking.summaries import Summaries
from edge.runtime.ranking.user_timeline import UserTimeline
from edge.text.segments import Segment, SegmentEncoder
from edge.text.types import Item


@dataclass(frozen=True)
class Handle:
    """An item that was rendered and tokenised, to be ranked again and again."""

    item: Item
    segment: Segment
    context: Segment
    encoder: SegmentEncoder = field(repr=False, compare=False)  # whose tokens they are


def handles_of(encoder: SegmentEncoder, items: Sequence[Item]) -> list[Handle]:
    return [Handle(item, encoder.item(item), encoder.context(item), encoder) for item in items]


def scores_of(
    engine: RankingEngine,
    summaries: Summaries,
    user: UserTimeline,
    candidates: Sequence[Handle],
    time: float | None,
    depths: tuple[int, int],
) -> np.ndarray:
    """(interact depth + 1, candidate) logits after an encode depth; `depths`: both."""
    encode, interact = depths
    timeline = user.timeline(engine, summaries, encode)
    numbers, missing = user.candidates([handle.item for handle in candidates], time)
    items = summaries.of([handle.segment for handle in candidates], encode)
    phrases = summaries.of([handle.context for handle in candidates], engine.shape.phrase_depth)
    return engine.score(Entries(items, phrases, numbers, missing), timeline, interact)
