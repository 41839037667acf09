"""The user's side of a request: keys and values that any number of candidates look at."""

from __future__ import annotations

from collections.abc import Sequence
from threading import RLock

import numpy as np

from edge.engines.protocol import MASKED, Context, Engine
from edge.runtime.segment_cache import SegmentCache
from edge.text.sequence import Segment, segment_slots


class UserSide:
    """One user's keys and values, computed as deep as was asked for. Several threads may share one that is kept.

    `handover` is 0 for the prefix plan; in the segments plan it is the depth at which the segments meet, and
    `cache` keeps what each segment computes alone. With `kept` false only the last layer's keys and values are
    held: depths must then be asked for in ascending order.
    """

    def __init__(
        self, engine: Engine, segments: Sequence[Segment], handover: int, cache: SegmentCache, kept: bool = True
    ) -> None:
        self.engine = engine
        self.handover = handover
        self.cache = cache
        self.kept = kept
        self.segments = tuple(segments)
        self.tokens = sum(map(len, segments))
        self.depth = handover  # how deep the hidden states have been computed
        self._hidden: np.ndarray | None = None
        self._mask = np.zeros(self.tokens, dtype=np.float32)  # every user token may be looked at
        self._contexts: dict[int, Context] = {}
        self._turn = RLock()

    @property
    def started(self) -> bool:
        """True once the hidden states at the hand-over are there."""
        return self._hidden is not None

    @property
    def keys_depth(self) -> int:
        """The deepest layer whose keys and values are there, the hand-over if none are."""
        with self._turn:
            return max(self._contexts, default=self.handover)

    @property
    def bytes(self) -> int:
        """What is held between requests."""
        with self._turn:
            held = [self._mask, *(array for one in self._contexts.values() for array in (one.keys, one.values))]
            return sum(array.nbytes for array in held) + (0 if self._hidden is None else self._hidden.nbytes)

    def start(self) -> None:
        """Compute the hidden states at the hand-over, if that has yet to be done."""
        with self._turn:
            if self._hidden is None:
                self._hidden = self._at_handover()

    def context(self, depth: int, last: bool = False) -> Context:
        """What candidates look at in the layer that reaches `depth`.

        If it is the `last`, it is computed only so far: who comes to go deeper has the rest of it to do.
        """
        with self._turn:
            self.start()
            while self.depth < depth and depth not in self._contexts:
                self._step(only_keys=last and self.depth + 1 == depth)
            return self._contexts[depth]

    def _step(self, only_keys: bool) -> None:
        """One layer deeper, or only as far as that layer's keys and values."""
        assert self._hidden is not None
        if only_keys:
            keys, values = self.engine.layer_keys(self._hidden, self.depth + 1)
            self._hold(self.depth + 1, keys, values)
            return
        together = np.zeros((self.tokens, self.tokens), dtype=np.float32)
        hidden, keys, values = self.engine.layer(self._hidden, together, self.depth + 1)
        self._hidden = self._own(hidden)
        self.depth += 1
        self._hold(self.depth, keys, values)

    def _hold(self, depth: int, keys: np.ndarray, values: np.ndarray) -> None:
        if not self.kept:
            self._contexts.clear()
        self._contexts[depth] = Context(self._own(keys), self._own(values), self._mask)

    def _own(self, array: np.ndarray) -> np.ndarray:
        """A copy if it is to be kept: a view would keep the whole, padded array that it was cut from."""
        return array.copy() if self.kept and array.base is not None else array

    def _at_handover(self) -> np.ndarray:
        """(tokens, hidden)"""
        if self.handover:
            hidden = np.concatenate(states_alone(self.engine, self.segments, self.handover, self.cache))
        else:
            hidden = self.engine.embed(*ids_positions(self.segments))
        slots = np.repeat(segment_slots(self.segments), [len(segment) for segment in self.segments])
        return self.engine.place(hidden, slots.astype(np.int32))


def kept_bytes(shape: tuple[int, int], layers: int) -> int:
    """What a user side of (tokens, hidden) holds after so many layers: float32 keys, values and hidden states."""
    tokens, hidden = shape
    return 4 * tokens * (1 + hidden * (2 * layers + 1))


def states_alone(engine: Engine, segments: Sequence[Segment], handover: int, cache: SegmentCache) -> list[np.ndarray]:
    """The user's segments at the hand-over, each (tokens, hidden), having seen only themselves."""
    found = {segment: hidden for segment in segments if (hidden := cache.get(segment)) is not None}
    missing = sorted({segment for segment in segments if segment not in found})
    if missing:
        lengths = [len(segment) for segment in missing]
        owner = np.repeat(np.arange(len(missing)), lengths)
        mask = np.where(owner[:, None] == owner[None, :], np.float32(0), MASKED)
        hidden = engine.embed(*ids_positions(missing))
        for depth in range(1, handover + 1):
            hidden, _, _ = engine.layer(hidden, mask, depth)
        for segment, states in zip(missing, np.split(hidden, np.cumsum(lengths)[:-1]), strict=True):
            found[segment] = states
            cache.put(segment, states)
    return [found[segment] for segment in segments]


def ids_positions(segments: Sequence[Segment]) -> tuple[np.ndarray, np.ndarray]:
    """(tokens,) ids and places within their segment."""
    ids = np.concatenate([np.asarray(segment, dtype=np.int32) for segment in segments])
    positions = np.concatenate([np.arange(len(segment), dtype=np.int32) for segment in segments])
    return ids, positions
