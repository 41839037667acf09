"""Encoded requests: what the model reads, and the Arrow files that hold them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cloud.data.log import PARTS
from cloud.runs.directory import Run
from edge.errors import EdgeError
from edge.files import appearing

BATCH = 1024
TOKENS = pa.list_(pa.list_(pa.int32()))
SCHEMA = pa.schema(
    [
        ("user", pa.string()),
        ("time", pa.int64()),
        ("segments", TOKENS),
        ("candidates", TOKENS),
        ("items", pa.list_(pa.string())),
        ("labels", pa.list_(pa.int8())),
    ]
)

Segment = tuple[int, ...]


@dataclass(frozen=True)
class EncodedRequest:
    """Token ids of one request. `candidates`, `items` and `labels` are parallel; `time` in whole seconds."""

    user: str
    time: int
    segments: tuple[Segment, ...]  # profile, events oldest first, closing
    candidates: tuple[Segment, ...]
    items: tuple[str, ...]
    labels: NDArray[np.int8]  # (candidate,) 1 = liked

    @property
    def tokens(self) -> int:
        """Tokens of the whole request: the user side once and every candidate."""
        return sum(map(len, self.segments)) + sum(map(len, self.candidates))


def record_batch(requests: Sequence[EncodedRequest]) -> pa.RecordBatch:
    """The requests as one Arrow batch with `SCHEMA`."""
    columns = [
        [request.user for request in requests],
        [request.time for request in requests],
        [request.segments for request in requests],
        [request.candidates for request in requests],
        [request.items for request in requests],
        [request.labels for request in requests],
    ]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
    return pa.record_batch(arrays, schema=SCHEMA)


def write_requests(path: Path, requests: Iterable[EncodedRequest]) -> None:
    """An Arrow IPC file of them all, BATCH at a time."""
    left = iter(requests)
    with appearing(path) as temporary, pa.OSFile(str(temporary), "wb") as sink, pa.ipc.new_file(sink, SCHEMA) as writer:
        while block := list(islice(left, BATCH)):
            writer.write_batch(record_batch(block))


def load_requests(run: Run, split: str) -> list[EncodedRequest]:
    """All requests of "train", "validation" or "test" of a prepared run. Equal segments share memory."""
    if split not in PARTS:
        raise EdgeError(f"no split {split!r}", fix=f"use one of: {', '.join(PARTS)}")
    return list(read_requests(run.file(f"{split}.arrow")))


def read_requests(path: Path) -> Iterator[EncodedRequest]:
    shared: dict[Segment, Segment] = {}
    with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as reader:
        for number in range(reader.num_record_batches):
            columns = reader.get_batch(number).to_pydict()
            for row in zip(*(columns[name] for name in SCHEMA.names), strict=True):
                user, time, segments, candidates, items, labels = row
                yield EncodedRequest(
                    user=user,
                    time=time,
                    segments=_share(segments, shared),
                    candidates=_share(candidates, shared),
                    items=tuple(items),
                    labels=np.asarray(labels, dtype=np.int8),
                )


def _share(lists: list[list[int]], shared: dict[Segment, Segment]) -> tuple[Segment, ...]:
    segments = map(tuple, lists)
    return tuple(shared.setdefault(segment, segment) for segment in segments)
