"""Real requests of the test split in the JSON an app sends: for golden files and benchmarks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from cloud.data.examples import request_of
from cloud.data.log import TEST
from cloud.data.number_columns import Known
from cloud.data.requests import blocks
from cloud.runs.directory import Run
from edge.files import read_lines
from edge.text.request import request_from_json, request_to_json
from edge.text.types import Request

SPECIAL_EVERY = 40  # of 40 requests one comes from a new user and one asks about a single item


def sample_requests(known: Known, count: int, candidates: int, events: int) -> Iterator[dict[str, Any]]:
    """At most `count` requests, evenly spread over users, as JSON values with an "id".

    Each has at most so many consecutive test rows of a user as candidates, and so many of the newest events.
    """
    rows = np.flatnonzero(known.targets.part == TEST)
    every = list(blocks(known.targets.user[rows], candidates))
    chosen = np.unique(np.linspace(0, len(every) - 1, min(count, len(every))).round().astype(int)).tolist()
    for number, place in enumerate(chosen):
        first, last = every[place]
        request = _distinct(request_of(known, rows[first:last].tolist(), events))
        if number % SPECIAL_EVERY == 1:
            request = replace(request, events=())
        if number % SPECIAL_EVERY == 2:
            request = replace(request, candidates=request.candidates[:1])
        yield {"id": f"test-{number:03}"} | request_to_json(request)


def load_samples(run: Run) -> list[tuple[str, Request]]:
    """(id, request) of each line of a prepared run's requests.jsonl."""
    found = []
    for line in read_lines(run.file("requests.jsonl")):
        record = json.loads(line)
        found.append((record.pop("id"), request_from_json(record)))
    return found


def _distinct(request: Request) -> Request:
    """A request may name an item once; a log may hold it twice."""
    items = {item.id: item for item in reversed(request.candidates)}
    return replace(request, candidates=tuple(reversed(items.values())))
