"""Real requests of the test split in the JSON an app sends: for golden files and benchmarks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from cloud.data.examples import Example
from cloud.runs.directory import Run
from edge.files import read_lines
from edge.text.request import request_from_json, request_to_json
from edge.text.types import Request, User

SPECIAL_EVERY = 40  # of 40 requests one comes from a new user and one asks about a single item


def sample_requests(found: Iterable[Example], count: int) -> Iterator[dict[str, Any]]:
    """At most `count` requests, evenly spread over users, as JSON values with an "id"."""
    every = list(found)
    chosen = np.unique(np.linspace(0, len(every) - 1, min(count, len(every))).round().astype(int)).tolist()
    for number, place in enumerate(chosen):
        request = _distinct(every[place].request)
        if number % SPECIAL_EVERY == 1:
            request = _of_a_new_user(request)
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


def _of_a_new_user(request: Request) -> Request:
    attributes = {name: value for name, value in request.user.attributes.items() if name != "liked_share"}
    return replace(request, user=User(attributes), events=())
