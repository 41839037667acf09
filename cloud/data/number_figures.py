"""What each number of the text specification holds: how often it is missing or clipped, and what it tells of labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cloud.data.counts import rounded as significant
from cloud.data.counts import share
from cloud.data.log import PARTS, TEST, TRAIN
from edge.metrics import auc
from edge.text.number import CLIP, Number

BINS = 32  # of a histogram from -CLIP to CLIP standard deviations
SAMPLE = 200_000  # rows of a part that an AUC is measured on: its standard error is about .001
Floats = NDArray[np.float32]


def number_figures(rows: Path, numbers: Sequence[Number], counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """Of the numbers in a file of rows, read a batch at a time; `counts` are the rows of each part."""
    if not numbers:
        return []
    tallies = {part: _Tally(len(numbers), -(-counts[PARTS[part]] // SAMPLE)) for part in (TRAIN, TEST)}
    with pa.OSFile(str(rows)) as source:  # mapped, the pages that were read would count as memory
        reader = pa.ipc.open_file(source)
        for place in range(reader.num_record_batches):
            batch = reader.get_batch(place)
            values = batch.column("numbers").flatten().to_numpy(zero_copy_only=False).reshape(-1, len(numbers))
            part, label = (batch.column(name).to_numpy() for name in ("part", "label"))
            for of_part, tally in tallies.items():
                at = np.flatnonzero(part == of_part)
                tally.add(values[at], label[at])
    return [_figures(number, place, tallies) for place, number in enumerate(numbers)]


@dataclass
class _Tally:
    """Counts over the rows of one part, and every `stride`-th of them."""

    numbers: int
    stride: int
    rows: int = 0
    missing: NDArray[np.int64] = field(init=False)
    clipped: NDArray[np.int64] = field(init=False)
    bins: NDArray[np.int64] = field(init=False)
    values: list[Floats] = field(default_factory=list)
    labels: list[NDArray[np.int8]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.missing, self.clipped = (np.zeros(self.numbers, dtype=np.int64) for _ in range(2))
        self.bins = np.zeros((self.numbers, BINS), dtype=np.int64)

    def add(self, values: Floats, labels: NDArray[np.int8]) -> None:
        """`values` (row, number)."""
        kept = slice(-self.rows % self.stride, None, self.stride)
        self.values.append(values[kept].copy())
        self.labels.append(labels[kept].copy())
        self.rows += len(values)
        for number in range(self.numbers):
            column = values[:, number]
            known = column[~np.isnan(column)]
            self.missing[number] += len(column) - len(known)
            self.clipped[number] += np.count_nonzero(np.abs(known) >= CLIP)
            place = ((known + CLIP) * (BINS / (2 * CLIP))).astype(np.int64)
            self.bins[number] += np.bincount(np.clip(place, 0, BINS - 1), minlength=BINS)

    def auc(self, number: int) -> float | None:
        """Over the kept rows that have the number; None where it or the label never varies."""
        column = np.concatenate([values[:, number] for values in self.values])
        known = ~np.isnan(column)
        labels = np.concatenate(self.labels)[known]
        if not 0 < labels.sum() < len(labels):
            return None
        return significant(auc(column[known], labels))


def _figures(number: Number, place: int, tallies: Mapping[int, _Tally]) -> dict[str, Any]:
    parts = {
        PARTS[part]: {
            "missing": share(tally.missing[place], tally.rows),
            "clipped": share(tally.clipped[place], tally.rows),
            "auc": tally.auc(place),
            "histogram": tally.bins[place].tolist(),
        }
        for part, tally in tallies.items()
    }
    return {"name": number.name, "of": number.of, "history": number.history, "mean": number.mean,
            "spread": number.spread, **parts}  # fmt: skip
