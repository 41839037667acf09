"""The order in which windows are trained on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloud.ranking.timelines import TimelineBatch, Timelines


class WindowBatches:
    """Batch i: the windows of pass i // `of_pass` in an order of their own."""

    def __init__(self, timelines: Timelines, rows: NDArray[np.int64], users: int, seed: int) -> None:
        """The windows of targets at `rows`; `users` windows a batch, the last of a pass may have fewer."""
        self.timelines, self.windows, self.users, self.seed = timelines, timelines.windows(rows), users, seed
        self.of_pass = -(-len(self.windows) // users)
        self._order: tuple[int, Any] = (-1, None)

    def __call__(self, number: int) -> TimelineBatch:
        turn, place = divmod(number, self.of_pass)
        if self._order[0] != turn:
            order = np.random.default_rng((self.seed, turn)).permutation(len(self.windows))
            self._order = turn, order
        chosen = self._order[1][place * self.users : (place + 1) * self.users]
        return self.timelines.batch([self.windows[one] for one in chosen.tolist()])
