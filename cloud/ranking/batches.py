"""The order in which windows are trained on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cloud.ranking.timelines import TimelineBatch, Timelines

POOL = 8  # batches that divide their windows by length: less padding, and still other neighbours in every pass


class WindowBatches:
    """Batch i: the windows of pass i // `of_pass`, in an order of their own, those of like length together."""

    def __init__(self, timelines: Timelines, rows: NDArray[np.int64], users: int, seed: int) -> None:
        """The windows of targets at `rows`; `users` windows a batch, the last of a pass may have fewer."""
        self.timelines, self.windows, self.users, self.seed = timelines, timelines.windows(rows), users, seed
        self.of_pass = -(-len(self.windows) // users)
        self._lengths = np.array([len(window.events) for window in self.windows])
        self._turn: tuple[int, list[NDArray[np.int64]]] = (-1, [])

    def __call__(self, number: int) -> TimelineBatch:
        turn, place = divmod(number, self.of_pass)
        if self._turn[0] != turn:
            self._turn = turn, self._pass(turn)
        return self.timelines.batch([self.windows[one] for one in self._turn[1][place].tolist()])

    def _pass(self, turn: int) -> list[NDArray[np.int64]]:
        """Windows in a random order, each `POOL` batches of them by length, and those batches in a random order."""
        random = np.random.default_rng((self.seed, turn))
        order, pooled = random.permutation(len(self.windows)), self.users * POOL
        pools = (order[first : first + pooled] for first in range(0, len(order), pooled))
        order = np.concatenate([pool[np.argsort(self._lengths[pool], kind="stable")] for pool in pools])
        batches = [order[first : first + self.users] for first in range(0, len(order), self.users)]
        return [batches[place] for place in random.permutation(len(batches))]
