"""Scores by the plans' cached forms: the user side once, candidates against it, layer by layer. And in full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from edge.engine import MASKED, Engine
from edge.segment_cache import SegmentCache
from edge.text.sequence import CANDIDATE_SLOT, Segment, segment_slots


class UserSide:
    """One user's keys and values, computed to the depth that was asked for and kept.

    `handover` is 0 for the prefix plan; in the segments plan it is the depth at which the segments meet, and
    `cache` keeps what each segment computes alone.
    """

    def __init__(self, engine: Engine, segments: Sequence[Segment], handover: int, cache: SegmentCache) -> None:
        self.engine = engine
        self.handover = handover
        self.cache = cache
        self.segments = tuple(segments)
        self.tokens = sum(map(len, segments))
        self.mask = np.zeros(self.tokens, dtype=np.float32)  # every user token may be looked at
        self._hidden: np.ndarray | None = None
        self._keys_values: list[tuple[np.ndarray, np.ndarray]] = []

    @property
    def depth(self) -> int:
        """How deep the user side has been computed."""
        return self.handover + len(self._keys_values)

    @property
    def new_segments(self) -> list[Segment]:
        """The segments that have yet to be computed alone."""
        return self.cache.missing(self.segments) if self.handover and self._hidden is None else []

    def keys_values(self, depth: int) -> tuple[np.ndarray, np.ndarray]:
        """What candidates look at in the layer that reaches `depth`; both (heads, tokens, head width)."""
        if self._hidden is None:
            self._hidden = self._start()
        together = np.zeros((self.tokens, self.tokens), dtype=np.float32)
        while self.depth < depth:
            self._hidden, keys, values = self.engine.layer(self._hidden, together, self.depth + 1)
            self._keys_values.append((keys, values))
        return self._keys_values[depth - self.handover - 1]

    def _start(self) -> np.ndarray:
        """(tokens, hidden) at the hand-over."""
        if self.handover:
            hidden = np.concatenate(states_alone(self.engine, self.segments, self.handover, self.cache))
        else:
            hidden = self.engine.embed(*_ids_positions(self.segments))
        slots = np.repeat(segment_slots(self.segments), [len(segment) for segment in self.segments])
        return self.engine.place(hidden, slots.astype(np.int32))


def states_alone(engine: Engine, segments: Sequence[Segment], handover: int, cache: SegmentCache) -> list[np.ndarray]:
    """The user's segments at the hand-over, each (tokens, hidden), having seen only themselves."""
    missing = cache.missing(segments)
    found = {segment: hidden for segment in segments if (hidden := cache.get(segment)) is not None}
    if missing:
        lengths = [len(segment) for segment in missing]
        owner = np.repeat(np.arange(len(missing)), lengths)
        mask = np.where(owner[:, None] == owner[None, :], np.float32(0), MASKED)
        hidden = engine.embed(*_ids_positions(missing))
        for depth in range(1, handover + 1):
            hidden, _, _ = engine.layer(hidden, mask, depth)
        for segment, states in zip(missing, np.split(hidden, np.cumsum(lengths)[:-1]), strict=True):
            found[segment] = states
            cache.put(segment, states)
    return [found[segment] for segment in segments]


def score_by_depth(
    engine: Engine, user: UserSide, candidates: Sequence[Segment], cache: SegmentCache
) -> Iterator[np.ndarray]:
    """Hidden states at each candidate's [EOS], (candidates, hidden), at depth handover + 1, + 2, ...

    The caller decides how far to go; `engine.head` turns any of them into scores.
    """
    if user.handover:
        hidden = _candidates_alone(engine, candidates, user.handover, cache)
    else:
        hidden = _embed_candidates(engine, candidates)
    count, seq, width = hidden.shape
    slots = np.full(count * seq, CANDIDATE_SLOT, dtype=np.int32)
    hidden = engine.place(hidden.reshape(count * seq, width), slots).reshape(count, seq, width)
    ends = np.array([len(candidate) - 1 for candidate in candidates])
    for depth in range(user.handover + 1, engine.shape.layers + 1):
        keys, values = user.keys_values(depth)
        hidden = engine.layer_candidate(hidden, keys, values, user.mask, depth)
        yield hidden[np.arange(count), ends]


def score_in_full(engine: Engine, user: Sequence[Segment], candidate: Segment) -> Iterator[np.ndarray]:
    """The hidden state at the candidate's [EOS], (1, hidden), at depth 1, 2, ... under the full plan.

    User and candidate are one sequence, and nothing is kept: what the prefix plan gives, at many times its cost.
    """
    segments = [*user, candidate]
    lengths = [len(segment) for segment in segments]
    tokens, own = sum(lengths), len(candidate)
    mask = np.zeros((tokens, tokens), dtype=np.float32)
    mask[:-own, -own:] = MASKED  # the user never sees the candidate,
    mask[-own:, -own:] = np.triu(np.full((own, own), MASKED), 1)  # which sees itself causally
    slots = np.repeat([*segment_slots(user), CANDIDATE_SLOT], lengths).astype(np.int32)
    hidden = engine.place(engine.embed(*_ids_positions(segments)), slots)
    for depth in range(1, engine.shape.layers + 1):
        hidden, _, _ = engine.layer(hidden, mask, depth)
        yield hidden[-1:]


def _candidates_alone(engine: Engine, candidates: Sequence[Segment], handover: int, cache: SegmentCache) -> np.ndarray:
    """(candidates, seq, hidden) at the hand-over, each candidate having seen only itself."""
    missing = cache.missing(candidates)
    found = {segment: hidden for segment in candidates if (hidden := cache.get(segment)) is not None}
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


def _ids_positions(segments: Sequence[Segment]) -> tuple[np.ndarray, np.ndarray]:
    """(tokens,) ids and places within their segment."""
    ids = np.concatenate([np.asarray(segment, dtype=np.int32) for segment in segments])
    positions = np.concatenate([np.arange(len(segment), dtype=np.int32) for segment in segments])
    return ids, positions
