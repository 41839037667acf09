"""The fresh process that `edge-bench` measures in: a job on stdin, what it found on stdout's last line."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from typing import Any

from edge.bench.confine import Confinement, can_cap_memory, capped_memory, pin
from edge.bench.fresh import answer
from edge.bench.layer_rate import LayerClock, LayerRate
from edge.bench.timed_engine import TimedEngine
from edge.bench.timing import Rounds, Times, measure
from edge.bundle.exits import Exit
from edge.config import from_dict
from edge.runtime.costs import Costs
from edge.runtime.model import Model
from edge.runtime.opening import open_model
from edge.runtime.ranker import Ranker
from edge.text.request import request_from_json


@dataclass(frozen=True)
class Job:
    """What to measure. Without rounds, only how long opening and the first request take."""

    bundle: str
    engine: str
    threads: int
    exits: tuple[Exit, ...]
    repeats: int
    sustained_s: float = 0.0
    cores: int | None = None  # to run on at most
    memory: int | None = None  # bytes, beyond the bare process
    layer_weights: int | None = None  # times the layer too, if told how many weights it has


@dataclass(frozen=True)
class Finding:
    """`costs`: those that the runtime chooses exits by here."""

    times: Times
    costs: Costs
    rate: LayerRate | None
    limits: Confinement | None


class Opened:
    """A model whose engine tells where time goes; any number of rankers share it."""

    def __init__(self, model: Model) -> None:
        self.engine, self.costs = model.engine, model.costs
        timed = TimedEngine(model.engine)
        self._model, self.spent = replace(model, engine=timed), timed.spent

    def ranker(self) -> Ranker:
        """A ranker with an empty cache; it writes no summaries to disk."""
        return Ranker(self._model)


def run_job(values: Mapping[str, Any]) -> dict[str, Any]:
    """Of `{"job": ..., "requests": ...}`."""
    job = from_dict(Job, values["job"], "job")
    requests = [request_from_json(value) for value in values["requests"]]
    limits = _limits(job)
    models: list[Opened] = []
    layers: list[LayerClock] = []

    def opened() -> Opened:
        models.append(Opened(open_model(job.bundle, job.engine, job.threads)))
        return models[0]

    def confined() -> AbstractContextManager[None]:
        return nullcontext() if job.memory is None else capped_memory(job.memory)

    def time_layer() -> None:
        if not layers:  # made only now: the memory has been read
            layers.append(LayerClock(models[0].engine, job.layer_weights or 0))
        layers[0]()

    rounds = Rounds(job.repeats, job.sustained_s)
    rounds = replace(rounds, beside=time_layer) if job.layer_weights else rounds
    times = measure(opened, requests, job.exits, rounds, confined=confined)
    return asdict(Finding(times, models[0].costs, layers[0].rate() if layers else None, limits))


def _limits(job: Job) -> Confinement | None:
    if job.cores is None and job.memory is None:
        return None
    return Confinement(pin(job.cores) if job.cores else None, job.memory if can_cap_memory() else None)


if __name__ == "__main__":
    sys.exit(answer(run_job))
