"""Times and memory of a bundle on this machine, in a fresh process so that nothing else is counted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from edge.bench.resident import memory
from edge.bundle import open_bundle
from edge.config import from_dict
from edge.errors import EdgeError
from edge.table import render
from edge.text.request import parse_request, request_to_json
from edge.text.types import Event, Item, Request, User

MAX_REQUESTS = 50


class RankerLike(Protocol):
    """What is measured: `edge.ranker.Ranker`, or a stand-in in tests."""

    @property
    def depths(self) -> Sequence[int]: ...

    def user(self, user: User, events: Sequence[Event]) -> Any: ...

    def rank(self, user: Any, candidates: Sequence[Item], *, depth: int | None = None) -> Any: ...


@dataclass(frozen=True)
class Percentiles:
    """Milliseconds."""

    p50: float
    p90: float
    p99: float


@dataclass(frozen=True)
class ExitTimes:
    """At one exit depth: a request of a new user, and one more when the user side is computed already."""

    depth: int
    new_user: Percentiles
    same_user: Percentiles


@dataclass(frozen=True)
class Measurement:
    """Milliseconds and bytes. `resident`: growth by opening and ranking; `anonymous`: its unmapped part."""

    open_ms: float  # with the bundle installed and calibrated already
    first_ms: float  # the first request, at the deepest exit
    exits: tuple[ExitTimes, ...]
    requests: int
    repeats: int
    resident: int
    anonymous: int | None
    process: int  # all that the process held at the end, Python included
    first_open_ms: float | None = None  # the very first on this device: install, check, calibrate


def measure(open_ranker: Callable[[], RankerLike], requests: Sequence[Request], repeats: int) -> Measurement:
    """Open, rank once, then `repeats` rounds over all exits and requests, exits interleaved against drift."""
    before = memory()
    opened, ranker = _timed(open_ranker)
    first, _ = _timed(partial(_rank_new, ranker, requests[0], max(ranker.depths)))
    new: dict[int, list[float]] = {depth: [] for depth in ranker.depths}
    same: dict[int, list[float]] = {depth: [] for depth in ranker.depths}
    for _ in range(repeats):
        for request in requests:
            for depth in ranker.depths:
                elapsed, user = _timed(partial(_rank_new, ranker, request, depth))
                new[depth].append(elapsed)
                elapsed, _ = _timed(partial(ranker.rank, user, request.candidates, depth=depth))
                same[depth].append(elapsed)
    after = memory()
    exits = tuple(ExitTimes(d, percentiles(new[d]), percentiles(same[d])) for d in ranker.depths if new[d])
    known = before.anonymous is not None and after.anonymous is not None
    anonymous = after.anonymous - before.anonymous if known else None  # type: ignore[operator]
    grown = max(after.resident - before.resident, 0)
    return Measurement(opened, first, exits, len(requests), repeats, grown, anonymous, after.resident)


def _rank_new(ranker: RankerLike, request: Request, depth: int) -> Any:
    user = ranker.user(request.user, request.events)
    ranker.rank(user, request.candidates, depth=depth)
    return user


def _timed(call: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = call()
    return (time.perf_counter() - start) * 1000, result


def percentiles(values: Sequence[float]) -> Percentiles:
    """By nearest rank: each is a value that was measured."""
    ordered = sorted(values)
    return Percentiles(*(ordered[max(-(-len(ordered) * p // 100) - 1, 0)] for p in (50, 90, 99)))


def read_requests(bundle: Path, file: Path | None) -> list[Request]:
    """The first `MAX_REQUESTS` of a JSONL file, or of the bundle's golden file; errors name file and line.

    Golden records with a digest in place of texts are left out: they try many candidates, as few requests do.
    """
    text = open_bundle(bundle).read("golden.jsonl") if file is None else _read(file)
    requests: list[Request] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and len(requests) < MAX_REQUESTS:
            try:
                requests += _requests(line)
            except EdgeError as error:
                where = file or f"{bundle}: golden.jsonl"
                problem = f"{where}:{number}: {error.problem}"
                raise EdgeError(problem, evidence=error.evidence, fix=error.fix) from error
    if not requests:
        raise EdgeError(f"{file or bundle} has no requests to measure")
    return requests


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise EdgeError(f"{file} cannot be read: {error.strerror}") from error


def _requests(line: bytes) -> list[Request]:
    """A line is a request, or a golden record that may hold one worth timing."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        value = None  # parse_request says what is wrong with it
    if isinstance(value, dict) and "request" in value:
        return [] if "sha256" in value else [parse_request(json.dumps(value["request"]))]
    return [parse_request(line)]


def measure_apart(bundle: Path, backend: str, requests: Sequence[Request], repeats: int) -> Measurement:
    """`measure` in a fresh process, after a first open in another one and in a cache of its own."""
    job = {
        "bundle": str(bundle),
        "backend": backend,
        "requests": [request_to_json(request) for request in requests],
    }
    with tempfile.TemporaryDirectory(prefix="edge-bench-") as cache:
        first = _probe(job | {"repeats": 0}, cache)
        return replace(_probe(job | {"repeats": repeats}, cache), first_open_ms=first.open_ms)


def _probe(job: dict[str, Any], cache: str) -> Measurement:
    """What edge.bench.probe measured; its errors are raised here."""
    done = subprocess.run(
        [sys.executable, "-m", "edge.bench.probe"],
        input=json.dumps(job),
        env=os.environ | {"EDGE_CACHE": cache},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return from_dict(Measurement, json.loads(done.stdout.splitlines()[-1]), "measurement")
    if done.returncode == 2:
        problem, _, rest = done.stdout.strip().partition("\n")
        raise EdgeError(problem or "the measuring process refused its job", evidence=rest)
    ending = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
    last = "\n".join(done.stderr.splitlines()[-5:])
    raise EdgeError(f"the measuring process died ({ending})", evidence=last)


def measurement_text(measurement: Measurement) -> str:
    rows = [
        (times.depth, *asdict(times.new_user).values(), *asdict(times.same_user).values())
        for times in measurement.exits
    ]
    first = "-" if measurement.first_open_ms is None else f"{measurement.first_open_ms:.1f} ms"
    headings = ("exit", "new user p50", "p90", "p99", "same user p50", "p90", "p99")
    return "\n".join(
        [
            f"first open on a device {first}, open {measurement.open_ms:.1f} ms, "
            f"first request {measurement.first_ms:.1f} ms",
            f"resident {measurement.resident:,} bytes for opening and ranking, {measurement.process:,} with Python",
            "",
            f"milliseconds over {measurement.requests} requests x {measurement.repeats}:",
            render(headings, rows),
        ]
    )
