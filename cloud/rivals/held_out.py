"""The test rows of a prepared run, and figures of scores on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cloud.data.log import PARTS, TEST, Events
from cloud.data.rows import Prepared
from cloud.rivals.draws import Figure
from cloud.rivals.figures import FEWEST_ROWS, figures, measured_groups
from cloud.runs.directory import Run

Logits = NDArray[np.float32]  # (row,) of the test rows, in the order of Prepared.part
Rows = NDArray[np.bool_]
LENGTHS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)  # of histories: the least of each bin
MOST_EARLIER = 2**31


def length_bins() -> Iterator[tuple[str, Callable[[NDArray[np.int32]], Rows]]]:
    """Of the lengths of histories: a bin's name, and which lengths, (row,), are in it."""
    for least, beyond in pairwise((*LENGTHS, MOST_EARLIER)):
        most = "+" if beyond == MOST_EARLIER else f"-{beyond - 1}" if beyond - 1 > least else ""
        yield f"{least}{most}", partial(_within, least, beyond)


def _within(least: int, beyond: int, lengths: NDArray[np.int32]) -> Rows:
    return (lengths >= least) & (lengths < beyond)


@dataclass(frozen=True)
class HeldOut:
    """`events` are all rows of the prepared run; `earlier` (row,) how many events each test row looks back on."""

    events: Events
    earlier: NDArray[np.int32]

    @classmethod
    def of(cls, prepared: Run) -> HeldOut:
        rows = Prepared(prepared)
        user, item, time, label, part = map(rows.column, ("user", "item", "time", "label", "part"))
        nothing = np.zeros((len(user), 0), dtype=np.int8)
        events = Events(user, item, time, label.astype(bool), label.astype(np.float64), nothing, nothing, part)
        return cls(events, rows.column("earlier")[rows.part(PARTS[TEST])])

    @property
    def rows(self) -> Rows:
        """(row of the run,) which are test rows."""
        rows: Rows = self.events.part == TEST
        return rows

    @property
    def labels(self) -> Rows:
        """(row,) of the test rows."""
        return self.events.liked[self.rows]

    @property
    def users(self) -> NDArray[np.int32]:
        """(row,) of the test rows."""
        return self.events.user[self.rows]

    def groups(self) -> dict[str, Rows]:
        """All test rows, cold users and unseen items, if these are large enough; masks over the rows of the run."""
        return measured_groups(self.events, self.rows)

    def by_history(self) -> dict[str, Rows]:
        """Test rows by the number of earlier events, of bins that are large enough; masks over the rows of the run."""
        found = {}
        for label, of_bin in length_bins():
            at = self.rows.copy()
            at[at] = of_bin(self.earlier)
            if at.sum() >= FEWEST_ROWS:
                found[label] = at
        return found

    def figures(self, logits: Logits, which: Rows) -> dict[str, Figure]:
        """Metric -> figure with its interval, of some of the test rows."""
        every = np.full(len(self.events), np.nan)
        every[self.rows] = logits
        return figures(every, self.events, which)

    def of_groups(self, logits: Mapping[str, Logits]) -> dict[str, dict[str, dict[str, Figure]]]:
        """Group -> name -> metric -> figure."""
        return {
            group: {name: self.figures(scores, at) for name, scores in logits.items()}
            for group, at in self.groups().items()
        }
