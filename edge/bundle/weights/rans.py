"""Interleaved range coding with asymmetric numeral systems (Duda, arXiv 1311.2540), in integers alone.

Symbol i of a block belongs to lane i mod lanes; each lane is a 63-bit state. The lanes of a step are independent, so
numpy takes a step at once, and a processor can overlap them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from edge.bundle.weights.adaptive import PRECISION, TOTAL, Frequencies, blocks
from edge.errors import EdgeError

LEAST = np.uint64(1 << 31)  # a state lies in LEAST .. 2**63 - 1; below, it takes in 32 more bits
_WORD = np.uint64(32)
_SHIFT = np.uint64(PRECISION)
_SLOT = np.uint64(TOTAL - 1)


@dataclass
class StreamEncoder:
    """Collects streams; `finish` codes them, last symbol first, so that decoding runs forwards."""

    lanes: int
    _steps: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)  # shares and starts of a step's symbols

    def add(self, symbols: np.ndarray, contexts: np.ndarray, context_count: int, alphabet: int) -> None:
        """A stream of symbols below `alphabet`, each in a context below `context_count`."""
        table = Frequencies(context_count, alphabet)
        for block in blocks(len(symbols)):
            mine, where = symbols[block], contexts[block]
            shares, starts = table.shares[where, mine], table.starts[where, mine] & _SLOT
            for step in range(0, len(mine), self.lanes):
                lanes = slice(step, step + self.lanes)
                self._steps.append((shares[lanes], starts[lanes]))
            table.learn(mine, where)

    def finish(self) -> bytes:
        """The lanes' states, 8 bytes each, then 32-bit words, all little-endian."""
        states = np.full(self.lanes, LEAST)
        words: list[np.ndarray] = []
        for shares, starts in reversed(self._steps):
            mine = states[: len(shares)]
            full = mine >= shares << np.uint64(63 - PRECISION)
            words.append((mine[full] & np.uint64(0xFFFFFFFF)).astype("<u4"))
            mine[full] >>= _WORD
            mine[:] = ((mine // shares) << _SHIFT) + mine % shares + starts
        tail = np.concatenate([np.empty(0, "<u4"), *reversed(words)])
        return bytes(states.astype("<u8").tobytes() + tail.tobytes())


class StreamDecoder:
    """Reads streams in the order in which they were added, knowing their lengths and contexts."""

    def __init__(self, data: bytes, lanes: int) -> None:
        self.lanes = lanes
        if len(data) < 8 * lanes or len(data) % 4:
            raise EdgeError("the coded weights are truncated")
        self._states = np.frombuffer(data, "<u8", lanes).astype(np.uint64)
        self._words = np.frombuffer(data, "<u4", offset=8 * lanes)
        self._next = 0
        if ((self._states < LEAST) | (self._states >> np.uint64(63) != 0)).any():
            raise EdgeError("the coded weights begin with an impossible state")

    def take(self, contexts: np.ndarray, context_count: int, alphabet: int) -> np.ndarray:
        """The next stream, a symbol for each context: (symbols,) int64."""
        table = Frequencies(context_count, alphabet)
        symbols = np.empty(len(contexts), dtype=np.int64)
        for block in blocks(len(contexts)):
            self._block(table, contexts[block], symbols[block])
            if block.stop < len(contexts):
                table.learn(symbols[block], contexts[block])
        return symbols

    def _block(self, table: Frequencies, contexts: np.ndarray, symbols: np.ndarray) -> None:
        starts, shares = table.starts.ravel(), table.shares.ravel()
        offsets = (contexts << PRECISION).astype(np.uint64)
        for step in range(0, len(contexts), self.lanes):
            lanes = slice(step, step + self.lanes)
            states = self._states[: len(offsets[lanes])]
            slots = (states & _SLOT) + offsets[lanes]
            found = starts.searchsorted(slots, side="right") - 1
            states[:] = shares[found] * (states >> _SHIFT) + slots - starts[found]
            symbols[lanes] = found
            self._refill(states)
        symbols -= contexts * table.alphabet

    def _refill(self, states: np.ndarray) -> None:
        """Lanes that ran low take a word each, in their order."""
        low = (states < LEAST).nonzero()[0]
        if not len(low):
            return
        words = self._words[self._next : self._next + len(low)]
        if len(words) < len(low):
            raise EdgeError("the coded weights are truncated")
        states[low] = (states[low] << _WORD) | words
        self._next += len(low)

    def bits(self) -> float:
        """What the symbols so far took, up to a constant: the words taken in, without what the states still hold."""
        return 32.0 * self._next - float(np.log2(self._states).sum())

    def close(self) -> None:
        """Errors: something is left over, or the states are not those that coding starts from."""
        if self._next != len(self._words) or (self._states != LEAST).any():
            raise EdgeError("the coded weights are damaged")
