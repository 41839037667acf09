"""Candidates on their way through the layers: against a user side that is computed once, or in full."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from edge.engines.protocol import MASKED, Context, Engine
from edge.runtime.segment_cache import SegmentCache
from edge.runtime.user_side import UserSide, ids_positions
from edge.text.sequence import CANDIDATE_SLOT, Segment, segment_slots


class Candidates(Protocol):
    """The candidates of one request at some depth. The caller decides how far each goes."""

    depth: int

    def advance(self) -> None:
        """One layer deeper."""

    def at_end(self) -> np.ndarray:
        """The hidden state at each one's [EOS], (candidates, hidden); `engine.head` turns it into scores."""

    def end(self) -> np.ndarray:
        """The same, one layer deeper, computing of that layer only what these states need: the depth stays."""

    def keep(self, places: np.ndarray) -> None:
        """Go on with those in these places alone, in ascending order."""


class Stepped:
    """Candidates against a user side, all of them one layer at a time: the prefix and the segments plan."""

    def __init__(self, engine: Engine, user: UserSide, candidates: Sequence[Segment], cache: SegmentCache) -> None:
        self.depth = user.handover
        self._engine, self._user = engine, user
        hidden = (
            _candidates_alone(engine, candidates, user.handover, cache)
            if user.handover
            else _embed_candidates(engine, candidates)
        )
        count, seq, width = hidden.shape
        slots = np.full(count * seq, CANDIDATE_SLOT, dtype=np.int32)
        self._hidden = engine.place(hidden.reshape(count * seq, width), slots).reshape(count, seq, width)
        self._ends = np.array([len(candidate) - 1 for candidate in candidates], dtype=np.int32)

    def advance(self) -> None:
        context = self._user.context(self.depth + 1)
        self._hidden = self._engine.layer_candidate(self._hidden, context, self.depth + 1)
        self.depth += 1

    def at_end(self) -> np.ndarray:
        return np.asarray(self._hidden[np.arange(len(self._ends)), self._ends])

    def end(self) -> np.ndarray:
        context = self._user.context(self.depth + 1, last=True)
        return self._engine.layer_end(self._hidden, self._ends, context, self.depth + 1)

    def keep(self, places: np.ndarray) -> None:
        self._ends = self._ends[places]
        self._hidden = self._hidden[places, : self._ends.max() + 1]


class InFull:
    """Each candidate in one sequence with the user, nothing kept: what the prefix plan gives, at a multiple of its
    cost, but for a single candidate of a user who is not kept."""

    def __init__(self, engine: Engine, user: Sequence[Segment], candidates: Sequence[Segment]) -> None:
        self.depth = 0
        self._engine = engine
        sequences = [_in_full(engine, user, candidate) for candidate in candidates]
        self._hidden = [hidden for hidden, _ in sequences]
        self._masks = [mask for _, mask in sequences]
        self._deeper: list[np.ndarray] = []  # the next layer's, once they are computed

    def advance(self) -> None:
        self._hidden, self._deeper = self._stepped(), []
        self.depth += 1

    def at_end(self) -> np.ndarray:
        return np.stack([hidden[-1] for hidden in self._hidden])

    def end(self) -> np.ndarray:
        self._deeper = self._stepped()
        return np.stack([hidden[-1] for hidden in self._deeper])

    def keep(self, places: np.ndarray) -> None:
        self._hidden, self._masks = ([of[place] for place in places] for of in (self._hidden, self._masks))
        self._deeper = []

    def _stepped(self) -> list[np.ndarray]:
        states = zip(self._hidden, self._masks, strict=True)
        return self._deeper or [self._engine.layer(hidden, mask, self.depth + 1)[0] for hidden, mask in states]


def logits_at(engine: Engine, candidates: Candidates, exits: Iterable[int]) -> dict[int, np.ndarray]:
    """(candidates,) at each of the exits beyond their depth, computed as for a request that ends there."""
    found = {}
    for exit in sorted(exits):
        while candidates.depth < exit - 1:
            candidates.advance()
        found[exit] = engine.head(candidates.end())
    return found


def _in_full(engine: Engine, user: Sequence[Segment], candidate: Segment) -> tuple[np.ndarray, np.ndarray]:
    """(tokens, hidden) before the first layer, and the mask, (tokens, tokens)."""
    segments = [*user, candidate]
    lengths = [len(segment) for segment in segments]
    tokens, own = sum(lengths), len(candidate)
    mask = np.zeros((tokens, tokens), dtype=np.float32)
    mask[:-own, -own:] = MASKED  # the user never sees the candidate,
    mask[-own:, -own:] = np.triu(np.full((own, own), MASKED), 1)  # which sees itself causally
    slots = np.repeat([*segment_slots(user), CANDIDATE_SLOT], lengths).astype(np.int32)
    return engine.place(engine.embed(*ids_positions(segments)), slots), mask


def _candidates_alone(engine: Engine, candidates: Sequence[Segment], handover: int, cache: SegmentCache) -> np.ndarray:
    """(candidates, seq, hidden) at the hand-over, each candidate having seen only itself."""
    found = {segment: hidden for segment in candidates if (hidden := cache.get(segment)) is not None}
    missing = sorted({segment for segment in candidates if segment not in found})
    if missing:
        hidden = _embed_candidates(engine, missing)
        nobody = Context.nobody(engine.shape)
        for depth in range(1, handover + 1):
            hidden = engine.layer_candidate(hidden, nobody, depth)
        for segment, states in zip(missing, hidden, strict=True):
            found[segment] = states[: len(segment)]
            cache.put(segment, found[segment])
    longest = max(map(len, candidates))
    padded = np.zeros((len(candidates), longest, engine.shape.hidden), dtype=np.float32)
    for row, candidate in zip(padded, candidates, strict=True):
        row[: len(candidate)] = found[candidate]
    return padded


def _embed_candidates(engine: Engine, candidates: Sequence[Segment]) -> np.ndarray:
    """(candidates, seq, hidden), padded to the longest; what stands after [EOS] is never looked at.

    Candidates share many words in the same places: each is embedded once.
    """
    longest = max(map(len, candidates))
    ids = np.zeros((len(candidates), longest), dtype=np.int32)
    for row, candidate in zip(ids, candidates, strict=True):
        row[: len(candidate)] = candidate
    pairs, places = np.unique(ids * longest + np.arange(longest, dtype=np.int32), return_inverse=True)
    found, positions = np.divmod(pairs, longest)
    return engine.embed(found.astype(np.int32), positions.astype(np.int32))[places.reshape(ids.shape)]
