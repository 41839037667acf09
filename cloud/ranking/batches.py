"""The order in which windows are trained on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloud.ranking.timelines import TimelineBatch, Timelines

MOST_WINDOWS = 16  # a batch, where the settings leave the number open
LEAST_STEPS = 50  # per pass, if there are so many windows: a small log in large batches would get too few steps
SMALL = 64_000  # rows that a pass and its repeats may cover together
MOST_REPEATS = 3


class WindowBatches:
    """Batch i: the windows of pass i // `of_pass` in an order of their own."""

    def __init__(self, timelines: Timelines, rows: NDArray[np.int64], users: int, seed: int) -> None:
        """The windows of targets at `rows`; `users` windows a batch, the last of a pass may have fewer.

        `users` 0: as many as leave a pass `LEAST_STEPS` batches, `MOST_WINDOWS` at most.
        """
        self.timelines, self.windows, self.seed = timelines, timelines.windows(rows), seed
        self.users = users or min(MOST_WINDOWS, max(1, len(self.windows) // LEAST_STEPS))
        self.of_pass = -(-len(self.windows) // self.users)
        self.rows = len(rows)
        self._order: tuple[int, Any] = (-1, None)

    def steps(self, passes: int, repeats: int) -> int:
        """Of so many passes, each `repeats` times; 0: more often for fewer rows, `MOST_REPEATS` at most."""
        often = repeats or min(MOST_REPEATS, max(1, SMALL // max(self.rows, 1)))
        return passes * often * self.of_pass

    def __call__(self, number: int) -> TimelineBatch:
        turn, place = divmod(number, self.of_pass)
        if self._order[0] != turn:
            order = np.random.default_rng((self.seed, turn)).permutation(len(self.windows))
            self._order = turn, order
        chosen = self._order[1][place * self.users : (place + 1) * self.users]
        return self.timelines.batch([self.windows[one] for one in chosen.tolist()])
