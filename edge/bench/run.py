"""A bundle's times and memory on this machine, in fresh processes so that nothing else is counted."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from edge.arguments import check_count, check_number
from edge.bench.arm.tools import Tools
from edge.bench.exits import chosen_exits
from edge.bench.fresh import in_fresh_process
from edge.bench.host import this_host
from edge.bench.instructions import CountedExits, count_instructions
from edge.bench.layer_rate import weights_of_a_layer
from edge.bench.measurement import Measurement, subject
from edge.bench.modelled import Hosted, predict
from edge.bench.probe import Finding, Job
from edge.bench.profiles.profile import DeviceProfile
from edge.bench.sized_request import SizedRequest
from edge.bench.timing import Times
from edge.bundle.bundle import open_bundle
from edge.bundle.exits import Exit
from edge.config import from_dict
from edge.errors import EdgeError, file_fix
from edge.runtime.opening import MOST_THREADS
from edge.text.request import parse_request, request_to_json
from edge.text.types import Request

MAX_REQUESTS = 50
MOST_REPEATS, DAY = 10_000, 86_400.0


@dataclass(frozen=True)
class Ask:
    """What to measure; by default every exit. With `tools`, instructions are counted, too."""

    engine: str = "litert"
    threads: int = 1
    repeats: int = 5
    sustained_s: float = 0.0
    exits: tuple[Exit, ...] | None = None
    profile: DeviceProfile | None = None
    tools: Tools | None = None

    def __post_init__(self) -> None:
        check_count("threads", self.threads, most=MOST_THREADS)
        check_count("repeats", self.repeats, most=MOST_REPEATS)
        check_number("sustained_s", self.sustained_s, most=DAY)
        if self.exits == ():
            raise EdgeError("no exit is named", fix="name one, or leave exits out to measure all")
        if self.tools and self.engine != "litert":
            raise EdgeError(f"instructions of {self.engine} cannot be counted", fix="leave --tools out, or use litert")


def read_requests(bundle: Path, file: Path | None) -> list[Request]:
    """The first `MAX_REQUESTS` of a JSONL file, or of the bundle's golden file; errors name file and line."""
    text = open_bundle(bundle).read("golden.jsonl") if file is None else _read(file)
    requests: list[Request] = []
    for number, line in enumerate(text.split(b"\n"), start=1):
        if line.strip() and len(requests) < MAX_REQUESTS:
            try:
                requests.append(_request(line))
            except EdgeError as error:
                where = file or f"{bundle}: golden.jsonl"
                problem = f"{where}:{number}: {error.problem}"
                raise EdgeError(problem, evidence=error.evidence, fix=error.fix) from error
    if not requests:
        raise EdgeError(
            f"{file or bundle} has no requests to measure", fix="pass --requests FILE, with one JSON object per line"
        )
    return requests


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise EdgeError(f"{file} cannot be read: {error.strerror}", fix=file_fix(error)) from error


def _request(line: bytes) -> Request:
    """A line is a request, or a golden record that holds one."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        value = None  # parse_request says what is wrong with it
    if isinstance(value, dict) and "request" in value:
        return parse_request(json.dumps(value["request"]))
    return parse_request(line)


def measure_apart(bundle: Path, engine: str, requests: Sequence[Request], repeats: int) -> Times:
    """Every exit, in a fresh process, after a first open in another and in a cache of its own."""
    return _find(Job(str(bundle), engine, 1, chosen_exits(open_bundle(bundle)), repeats), requests).times


def measure_bundle(path: Path, requests: Sequence[Request], ask: Ask) -> Measurement:
    """The whole document; with a profile, measured under its limits and modelled for its device."""
    bundle = open_bundle(path)
    exits, described = chosen_exits(bundle, ask.exits), subject(bundle, ask.engine)
    job = Job(str(path), ask.engine, ask.threads, exits, ask.repeats, ask.sustained_s)
    if ask.profile:
        cores, memory = int(ask.profile.fast.cores.value), round(ask.profile.app_memory.value * 1e6)
        job = replace(job, cores=cores, memory=memory, layer_weights=weights_of_a_layer(bundle))
    host, date = this_host(), datetime.now(UTC).isoformat(timespec="seconds")
    found = _find(job, requests)
    prediction = None
    if ask.profile and found.rate:
        sizes = described.download, found.times.resident
        prediction = predict(ask.profile, Hosted(found.times.exits, found.costs, found.rate, *sizes))
    return Measurement(
        described, ask.engine, ask.threads, host, date, found.times, found.costs,
        limits=found.limits, prediction=prediction, instructions=_counted(path, ask),
    )  # fmt: skip


def _counted(path: Path, ask: Ask) -> CountedExits | None:
    """Of the largest request there is."""
    if ask.tools is None:
        return None
    return count_instructions(path, ask.tools).table(SizedRequest(), ask.tools.runtime)


def _find(job: Job, requests: Sequence[Request]) -> Finding:
    """In two fresh processes: what the first installs and calibrates the second one finds."""
    with tempfile.TemporaryDirectory(prefix="edge-bench-") as cache:
        first = _probe(replace(job, repeats=0), requests, cache)
        found = _probe(job, requests, cache)
    return replace(found, times=replace(found.times, first_open_ms=first.times.open_ms))


def _probe(job: Job, requests: Sequence[Request], cache: str) -> Finding:
    values: Mapping[str, object] = {
        "job": asdict(job),
        "requests": [request_to_json(request) for request in requests],
    }
    try:
        answered = in_fresh_process("edge.bench.probe", values, cache)
    except EdgeError as error:
        if job.memory and "died" in error.problem:
            fix = f"it may have passed the profile's memory limit of {job.memory / 1e6:.0f} MB: try without --profile"
            raise EdgeError(error.problem, evidence=error.evidence, fix=fix) from error
        raise
    return from_dict(Finding, answered, "finding")
