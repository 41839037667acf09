"""What torch makes of a request: the model over a batch of one user, whose candidates stand after all events."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from cloud.ranking.model import RankingModel
from cloud.ranking.timelines import PaddedTexts, TimelineBatch, WindowTable
from edge.bundle.exits import Exit
from edge.conformance.golden import Golden, Logits
from edge.runtime.user_timeline import Reading, UserTimeline
from edge.runtime.window import first_event
from edge.text.segments import Segment


@dataclass(frozen=True)
class KeptEvents:
    """Of a golden request, the events that a timeline of so many places keeps, oldest first: `numbers` and `missing`
    are (event, number), `liked` their values."""

    items: Sequence[Segment]
    phrases: Sequence[Segment]
    numbers: np.ndarray
    missing: np.ndarray
    liked: Sequence[float]

    @classmethod
    def of(cls, golden: Golden, reading: Reading, places: int) -> KeptEvents:
        """The events of a golden request that a timeline of so many places keeps."""
        request = golden.request
        first = first_event(len(request.events), places - 1)
        timeline = UserTimeline(reading, request.user, request.events)
        (numbers, missing), liked = timeline.numbers(first), timeline.values(first).tolist()
        return cls(golden.ids["items"][first:], golden.ids["phrases"][first:], numbers, missing, liked)


@dataclass(frozen=True)
class TorchEngine:
    """`places`: of the longest timeline, the profile included."""

    model: RankingModel
    reading: Reading
    places: int

    def logits(self, golden: Golden, exits: Collection[Exit]) -> Logits:
        """At each exit, of the golden request's own ids and numbers."""
        batch, found = self._batch(golden), dict[Exit, np.ndarray]()
        with torch.inference_mode():
            for encode in sorted({exit.encode for exit in exits}):
                (logits,) = self.model(batch, encode)  # (interact depth, 1, candidate)
                found |= {exit: logits[exit.interact, 0].numpy() for exit in exits if exit.encode == encode}
        return found

    def _batch(self, golden: Golden) -> TimelineBatch:
        kept = KeptEvents.of(golden, self.reading, self.places)
        items, phrases, values, missing, liked = kept.items, kept.phrases, kept.numbers, kept.missing, kept.liked
        events, candidates = len(items), len(golden.request.candidates)
        segment, phrase = torch.arange(1 + events + candidates), torch.arange(events + candidates)
        seen = torch.arange(max(events, 1)) < events  # the model's tables have an event, which need not be visible
        numbers = np.full((len(seen), values.shape[1]), np.nan, dtype=np.float32)
        numbers[:events] = np.where(missing == 1, np.nan, values)
        table = WindowTable(
            profile=segment[:1],
            item=segment[None, 1 : 1 + len(seen)],
            phrase=phrase[None, : len(seen)],
            numbers=torch.from_numpy(numbers)[None],
            values=torch.tensor([liked or [0.0]], dtype=torch.float32),
            offered=segment[None, 1 + events :],
            context=phrase[None, events:],
            offered_numbers=torch.from_numpy(golden.numbers.astype(np.float32))[None],
            place=torch.full((1, candidates), events),
            sees=seen.expand(1, candidates, -1),
            labels=torch.zeros(1, candidates),
            real=torch.ones(1, candidates, dtype=torch.bool),
            rows=torch.arange(candidates)[None],
        )
        segments = self._padded([*golden.ids["profile"], *items, *golden.ids["candidates"]])
        return TimelineBatch((segments,), segment, self._padded([*phrases, *golden.ids["contexts"]]), (table,))

    def _padded(self, texts: Sequence[Segment]) -> torch.Tensor:
        """(text, token)"""
        return torch.from_numpy(PaddedTexts(texts, self.model.shape.positions).tokens)
