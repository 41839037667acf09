"""The fresh process of `edge-bench compare`: both bundles are opened in it and take turns at every request."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from edge.bench.fresh import answer
from edge.bundle.exits import Exit
from edge.config import from_dict
from edge.runtime.model import Model
from edge.runtime.opening import open_model
from edge.runtime.ranker import Ranker
from edge.text.request import request_from_json
from edge.text.types import Request

Rank = Callable[[Request], object]
Clock = Callable[[], tuple[float, float]]  # seconds: this process on a processor, and on the wall


@dataclass(frozen=True)
class Job:
    """What one process measures. `number` is its own: it decides which bundle is opened and asked first."""

    bundles: tuple[str, str]
    engine: str
    exits: tuple[Exit, Exit]  # one of each
    openings: int
    number: int
    core: int | None  # to stay on


@dataclass(frozen=True)
class Paired:
    """One opening of both bundles. Each pair is (CPU time, wall time)."""

    log_ratios: tuple[float, float]  # of the second bundle's time to the first's
    before_ms: tuple[float, float]  # per request
    after_ms: tuple[float, float]


def measure_pairs(ranks: tuple[Rank, Rank], requests: Sequence[Request], first: int, now: Clock) -> Paired:
    """Requests in turn as A B B A and B A A B, so that neither a drift nor a neighbour in the order favours one.

    Of the blocks' ratios the middle half counts: what happens by chance on a machine makes few of them very large.
    """
    turns = [(first + place) % 2 for place in range(len(requests))]
    spent = [_spent(ranks, request, turn, now) for request, turn in zip(requests, turns, strict=True)]
    times = np.stack(spent)  # (requests, bundles, clocks), seconds of two turns
    milliseconds = times.mean(0) / 2 * 1e3
    return Paired(_pair(_middle(np.log(times[:, 1] / times[:, 0]))), _pair(milliseconds[0]), _pair(milliseconds[1]))


def _spent(ranks: tuple[Rank, Rank], request: Request, turn: int, now: Clock) -> np.ndarray:
    """(bundles, clocks): two turns of each bundle, the first and the last being those of `turn`."""
    spent = np.zeros((2, 2))
    for which in (turn, 1 - turn, 1 - turn, turn):
        started = np.array(now())
        ranks[which](request)
        spent[which] += np.array(now()) - started
    return spent


def _middle(blocks: np.ndarray) -> np.ndarray:
    """(blocks, clocks) -> (clocks,): the mean without the lowest and the highest quarter."""
    quarter = len(blocks) // 4
    return np.asarray(np.sort(blocks, axis=0)[quarter : len(blocks) - quarter].mean(0))


def _pair(values: np.ndarray) -> tuple[float, float]:
    return float(values[0]), float(values[1])


def _clocks() -> tuple[float, float]:
    return time.process_time(), time.perf_counter()


def _answers(values: dict[str, Any]) -> list[dict[str, Any]]:
    """Of `{"job": ..., "requests": ...}`."""
    job = from_dict(Job, values["job"], "job")
    if job.core is not None:
        os.sched_setaffinity(0, {job.core})
    requests = [request_from_json(value) for value in values["requests"]]
    return [asdict(opening) for opening in _openings(job, requests)]


def _openings(job: Job, requests: Sequence[Request]) -> Iterator[Paired]:
    """Every opening puts both models elsewhere in memory, which may favour one of them for as long as it stays."""
    for number in range(job.number, job.number + job.openings):
        order = (0, 1) if number % 2 == 0 else (1, 0)
        models = {which: open_model(job.bundles[which], job.engine) for which in order}
        first, second = (partial(_rank, models[which], job.exits[which]) for which in (0, 1))
        for rank in (first, second):
            rank(requests[0])  # warms up
        gc.collect()
        gc.disable()
        yield measure_pairs((first, second), requests, number // 2, _clocks)
        gc.enable()
        for model in models.values():
            model.engine.close()


def _rank(model: Model, exit: Exit, request: Request) -> object:
    """By a ranker that has met neither the user nor any item."""
    ranker = Ranker(model)
    user = ranker.user(request.user, request.events)
    return ranker.rank(user, request.candidates, exit=(exit.encode, exit.interact), time_s=request.time)


if __name__ == "__main__":
    sys.exit(answer(_answers))
