"""Frequencies that coder and decoder learn alike, block by block, from the symbols that both have seen."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

PRECISION = 15  # bits: the shares of a context sum to 2**15
TOTAL = 1 << PRECISION
MAX_ALPHABET = 256
MAX_BLOCK = 1 << 14  # symbols between two renewals of the tables
_UNSEEN, _SEEN = 1, 4  # what a symbol counts from the start, and each time it was seen


class Frequencies:
    """Per context, how often each symbol is expected: `shares`, and `starts` of each among all contexts' totals."""

    def __init__(self, contexts: int, alphabet: int) -> None:
        self.alphabet = alphabet
        self._counts = np.full((contexts, alphabet), _UNSEEN, dtype=np.int64)
        self._first = np.arange(contexts)[:, None] * TOTAL
        self.shares, self.starts = (np.empty((contexts, alphabet), dtype=np.uint64) for _ in range(2))  # starts ascend
        self._tabulate(slice(None))

    def learn(self, symbols: np.ndarray, contexts: np.ndarray) -> None:
        """Count a block of symbols, each in its context, and renew the tables of those contexts."""
        alone = len(self._counts) == 1
        seen = np.bincount(symbols if alone else contexts * self.alphabet + symbols, minlength=self._counts.size)
        seen = seen.reshape(self._counts.shape)
        self._counts += _SEEN * seen
        self._tabulate(slice(None) if alone else np.flatnonzero(seen.any(1)))

    def _tabulate(self, contexts: np.ndarray | slice) -> None:
        """Shares of `TOTAL` in proportion to the counts, at least 1; the first of the commonest takes the rest.

        The rest may be negative, but never takes all of the commonest's share: alphabets have at most 256 symbols.
        """
        counts = self._counts[contexts]
        shares = np.maximum(TOTAL * counts // counts.sum(1, keepdims=True), 1)
        shares[np.arange(len(counts)), counts.argmax(1)] += TOTAL - shares.sum(1)
        self.shares[contexts] = shares
        self.starts[contexts] = shares.cumsum(1) - shares + self._first[contexts]


def blocks(symbols: int) -> Iterator[slice]:
    """The blocks of a stream of that many symbols: a fifth of what they end with, 1 to `MAX_BLOCK` symbols."""
    start = 0
    while start < symbols:
        stop = min(start + min(max(start // 4, 1), MAX_BLOCK), symbols)
        yield slice(start, stop)
        start = stop
