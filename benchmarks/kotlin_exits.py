"""A kept request by exit on the reference engine, Kotlin beside Python, for `port_speed.py kotlin --engine reference`.

Loops in Kotlin here, numpy there, each on one thread, for one kept user, who has the longest history of the golden
requests, and kept candidates; rounds alternate between the two in one run. Times are those of the processor.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple, cast

import numpy as np

from edge import Ranker, Request
from edge.bench.run import read_requests
from edge.bundle.exits import Exit
from edge.engines.protocol import Engine, Entries
from edge.engines.timeline import Timeline
from edge.runtime.opening import open_model
from edge.table import render
from edge.text.request import request_to_json

ROOT = Path(__file__).resolve().parents[1]
TOOLS = Path(os.environ.get("EDGE_ANDROID_TOOLS", Path.home() / ".cache/edge-ranker-android"))
BUILD = Path(os.environ.get("EDGE_ANDROID_BUILD", ROOT / "build/android"))
CANDIDATES = 50
HEADINGS = {
    "python_ms": "python ms",
    "port_ms": "kotlin ms",
    "ratio": "ratio",
    "python_rest_ms": "rest",
    "port_rest_ms": "rest",
    "memory": "heap bytes",
}


class Sample(NamedTuple):
    """A request: milliseconds, those of the engine among them, and bytes of the heap."""

    milliseconds: float
    engine: float
    heap: float = 0.0


class Kotlin:
    """The program `RankTimes` of the Kotlin tests, which answers a line with times."""

    def __init__(self, bundle: Path, request: Path) -> None:
        jars = [BUILD / "main", BUILD / "test", TOOLS / "kotlin/lib/kotlin-stdlib.jar"]
        command = ["java", "-cp", os.pathsep.join(map(str, jars)), "edge.ranker.RankTimesKt", str(bundle), str(request)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.exits = [Exit(*map(int, exit.split("/"))) for exit in self._read().split()]

    def _read(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline()

    def rank(self, exit: Exit, count: int) -> list[Sample]:
        assert self._process.stdin
        self._process.stdin.write(f"{exit} {count}\n")
        self._process.stdin.flush()
        return [Sample(*map(float, sample.split(","))) for sample in self._read().split()]

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


def longest_request(bundle: Path) -> Request:
    """The golden request with the longest history, with candidates of all of them under new ids."""
    requests = read_requests(bundle, None)
    items = [item for request in requests for item in request.candidates]
    longest = max(requests, key=lambda request: len(request.events))
    candidates = [replace(items[index % len(items)], id=str(index)) for index in range(CANDIDATES)]
    return replace(longest, candidates=tuple(candidates))


@contextmanager
def kotlin(bundle: Path, request: Request) -> Iterator[Kotlin]:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "request.json"
        file.write_text(json.dumps(request_to_json(request)), encoding="utf-8")
        program = Kotlin(bundle, file)
        try:
            yield program
        finally:
            program.close()


class TimedEngine:
    """The engine, whose scoring is timed: nothing else is computed for what is kept."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self.milliseconds = engine, 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def score(self, candidates: Entries, timeline: Timeline, depth: int) -> np.ndarray:
        began = time.thread_time()
        logits = self._engine.score(candidates, timeline, depth)
        self.milliseconds += (time.thread_time() - began) * 1e3
        return logits


def in_python(ranker: Ranker, engine: TimedEngine, request: Request, exit: Exit, count: int) -> list[Sample]:
    handles = ranker.prepare(request.candidates, exit.encode)
    user = ranker.user(request.user, request.events)
    ranker.rank(user, handles, exit=exit, time_s=request.time)
    samples = []
    for _ in range(count):
        before, began = engine.milliseconds, time.thread_time()
        ranker.rank(user, handles, exit=exit, time_s=request.time)
        samples.append(Sample((time.thread_time() - began) * 1e3, engine.milliseconds - before))
    return samples


def by_exit(bundle: Path, rounds: int, count: int) -> dict[str, dict[str, float]]:
    """So many rounds of `count` requests at each exit, in both."""
    request = longest_request(bundle)
    model = open_model(bundle, "reference", 1, None)
    engine = TimedEngine(model.engine)
    found: dict[Exit, tuple[list[Sample], list[Sample]]] = {}
    with kotlin(bundle, request) as program, Ranker(replace(model, engine=cast(Engine, engine))) as ranker:
        for exit in program.exits:
            program.rank(exit, 10 * count)  # until it is compiled
        for _ in range(rounds):
            for exit in program.exits:
                ours, theirs = found.setdefault(exit, ([], []))
                ours += program.rank(exit, count)[1:]
                theirs += in_python(ranker, engine, request, exit, count)
    return {str(exit): figures(*samples) for exit, samples in found.items()}


def figures(kotlin: Sequence[Sample], python: Sequence[Sample]) -> dict[str, float]:
    of_kotlin, of_python = (median(sample.milliseconds for sample in samples) for samples in (kotlin, python))
    rest = [median(sample.milliseconds - sample.engine for sample in samples) for samples in (kotlin, python)]
    return {
        "python_ms": of_python,
        "port_ms": of_kotlin,
        "ratio": of_kotlin / of_python,
        "python_rest_ms": rest[1],
        "port_rest_ms": rest[0],
        "memory": median(sample.heap for sample in kotlin),
    }


def table_by_exit(found: Mapping[str, Mapping[str, float]]) -> str:
    """One exit a row."""
    return render(("exit", *HEADINGS.values()), [(exit, *_cells(one)) for exit, one in found.items()])


def _cells(one: Mapping[str, float]) -> list[str]:
    return [f"{one[key]:,.0f}" if key == "memory" else f"{one[key]:.2f}" for key in HEADINGS]
