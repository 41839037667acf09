"""Candidates on their way through the layers: against a user side that is computed once, or in full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from edge.engine import MASKED, Engine
from edge.segment_cache import SegmentCache
from edge.text.sequence import CANDIDATE_SLOT, Segment, segment_slots
from edge.user_side import UserSide, ids_positions


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
        keys, values = self._user.keys_values(self.depth + 1)
        self._hidden = self._engine.layer_candidate(self._hidden, keys, values, self._user.mask, self.depth + 1)
        self.depth += 1

    def at_end(self) -> np.ndarray:
        return self._hidden[np.arange(len(self._ends)), self._ends]

    def end(self) -> np.ndarray:
        keys, values = self._user.keys_values(self.depth + 1, last=True)
        return self._engine.layer_end(self._hidden, self._ends, keys, values, self._user.mask, self.depth + 1)

    def keep(self, places: np.ndarray) -> None:
        self._ends = self._ends[places]
        self._hidden = self._hidden[places, : self._ends.max() + 1]


class InFull:
    """Each candidate in one sequence with the user, nothing kept: what the prefix plan gives, at a multiple of its
    cost, but for a single candidate of a user who is not kept."""

    def __init__(self, engine: Engine, user: Sequence[Segment], candidates: Sequence[Segment]) -> None:
        self.depth = 0
        self._engine = engine
        self._sequences = [_in_full(engine, user, candidate) for candidate in candidates]

    def advance(self) -> None:
        self.depth += 1
        for place, (hidden, mask) in enumerate(self._sequences):
            self._sequences[place] = self._engine.layer(hidden, mask, self.depth)[0], mask

    def at_end(self) -> np.ndarray:
        return np.stack([hidden[-1] for hidden, _ in self._sequences])

    def end(self) -> np.ndarray:
        stepped = (self._engine.layer(hidden, mask, self.depth + 1)[0] for hidden, mask in self._sequences)
        return np.stack([hidden[-1] for hidden in stepped])

    def keep(self, places: np.ndarray) -> None:
        self._sequences = [self._sequences[place] for place in places]


def by_depth_in_full(engine: Engine, user: Sequence[Segment], candidates: Sequence[Segment]) -> Iterator[np.ndarray]:
    """Of the full plan: the hidden states at each candidate's [EOS], (candidates, hidden), at depth 1, 2, ..."""
    in_full = InFull(engine, user, candidates)
    while in_full.depth < engine.shape.layers:
        in_full.advance()
        yield in_full.at_end()


def by_depth(
    engine: Engine, user: UserSide, candidates: Sequence[Segment], cache: SegmentCache
) -> Iterator[np.ndarray]:
    """Of the plans with a user side, at depth handover + 1, + 2, ..., each as a request that ends there has it."""
    stepped = Stepped(engine, user, candidates, cache)
    while stepped.depth < engine.shape.layers:
        yield stepped.end()
        if stepped.depth + 1 == engine.shape.layers:
            return
        stepped.advance()


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
        nobody = np.zeros((engine.shape.heads, 1, hidden.shape[2] // engine.shape.heads), dtype=np.float32)
        for depth in range(1, handover + 1):
            hidden = engine.layer_candidate(hidden, nobody, nobody, np.array([MASKED]), depth)
        for segment, states in zip(missing, hidden, strict=True):
            found[segment] = states[: len(segment)]
            cache.put(segment, found[segment])
    longest = max(map(len, candidates))
    padded = np.zeros((len(candidates), longest, engine.shape.hidden), dtype=np.float32)
    for row, candidate in zip(padded, candidates, strict=True):
        row[: len(candidate)] = found[candidate]
    return padded


def _embed_candidates(engine: Engine, candidates: Sequence[Segment]) -> np.ndarray:
    """(candidates, seq, hidden), padded to the longest; what stands after [EOS] is never looked at."""
    longest = max(map(len, candidates))
    ids = np.zeros((len(candidates), longest), dtype=np.int32)
    for row, candidate in zip(ids, candidates, strict=True):
        row[: len(candidate)] = candidate
    positions = np.tile(np.arange(longest, dtype=np.int32), len(candidates))
    return engine.embed(ids.ravel(), positions).reshape(len(candidates), longest, engine.shape.hidden)
