"""The fresh process that `edge-bench` measures in: a job on stdin, what it found on stdout's last line."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from edge.bench.confine import Confinement, can_cap_memory, capped_memory, pin
from edge.bench.fresh import answer
from edge.bench.layer_rate import LayerClock, LayerRate, open_layer
from edge.bench.timing import RankerLike, Rounds, Times, measure
from edge.config import from_dict
from edge.text.request import request_from_json


@dataclass(frozen=True)
class Job:
    """What to measure. Without rounds, only how long opening and the first request take."""

    bundle: str
    engine: str
    threads: int
    plans: Mapping[str, tuple[int, ...]]
    repeats: int
    sustained_s: float = 0.0
    cores: int | None = None  # to run on at most
    memory: int | None = None  # bytes, beyond the bare process
    layer_weights: int | None = None  # times the layer too, if told how many weights it has


@dataclass(frozen=True)
class Finding:
    times: Times
    rate: LayerRate | None
    limits: Confinement | None


def run_job(values: Mapping[str, Any]) -> dict[str, Any]:
    """Of `{"job": ..., "requests": ...}`."""
    from edge.runtime.ranker import Ranker

    job = from_dict(Job, values["job"], "job")
    requests = [request_from_json(value) for value in values["requests"]]
    limits = _limits(job)
    layers: list[LayerClock] = []

    def open_ranker(keeps: bool) -> RankerLike:
        opened = partial(Ranker.open, job.bundle, engine=job.engine, threads=job.threads)
        return opened() if keeps else opened(memory_mb=0)

    def confined() -> AbstractContextManager[None]:
        return nullcontext() if job.memory is None else capped_memory(job.memory)

    def time_layer() -> None:
        if not layers:  # opened only now: the memory has been read
            layers.append(open_layer(Path(job.bundle), job.engine, job.threads, job.layer_weights or 0))
        layers[0]()

    rounds = (
        Rounds(job.repeats, job.sustained_s, time_layer) if job.layer_weights else Rounds(job.repeats, job.sustained_s)
    )
    times = measure(open_ranker, requests, job.plans, rounds, confined=confined)
    return asdict(Finding(times, layers[0].rate() if layers else None, limits))


def _limits(job: Job) -> Confinement | None:
    if job.cores is None and job.memory is None:
        return None
    return Confinement(pin(job.cores) if job.cores else None, job.memory if can_cap_memory() else None)


if __name__ == "__main__":
    sys.exit(answer(run_job))
