"""A bundle's times and memory on this machine, in fresh processes so that nothing else is counted."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from edge.arguments import check_count, check_number
from edge.bench.fresh import in_fresh_process
from edge.bench.host import this_host
from edge.bench.layer_rate import weights_of_a_layer
from edge.bench.measurement import Measurement, subject
from edge.bench.modelled import predict
from edge.bench.probe import Finding, Job
from edge.bench.profiles.profile import DeviceProfile
from edge.bench.timing import Times
from edge.bundle.bundle import Bundle, open_bundle
from edge.config import from_dict
from edge.errors import EdgeError, file_fix
from edge.runtime.opening import MOST_THREADS
from edge.text.request import parse_request, request_to_json
from edge.text.types import Request

MAX_REQUESTS = 50
MOST_REPEATS, DAY = 10_000, 86_400.0
KEEPING_PLANS = ("prefix", "segments")  # that compute the user's side once for all candidates


@dataclass(frozen=True)
class Ask:
    """What to measure; by default every exit of both plans that keep a user."""

    engine: str = "litert"
    threads: int = 1
    repeats: int = 5
    sustained_s: float = 0.0
    plans: tuple[str, ...] = KEEPING_PLANS
    depths: tuple[int, ...] | None = None
    profile: DeviceProfile | None = None

    def __post_init__(self) -> None:
        check_count("threads", self.threads, most=MOST_THREADS)
        check_count("repeats", self.repeats, most=MOST_REPEATS)
        check_number("sustained_s", self.sustained_s, most=DAY)
        for depth in self.depths or ():
            check_count("an exit of depths", depth)
        if unknown := [plan for plan in self.plans if plan not in KEEPING_PLANS]:
            raise EdgeError(f"the plan {unknown[0]!r} keeps no user", fix=f"use {' or '.join(KEEPING_PLANS)}")
        if self.depths == () or not self.plans:
            raise EdgeError("no exit is to be measured", fix="name one, or leave depths and plans out")


def read_requests(bundle: Path, file: Path | None) -> list[Request]:
    """The first `MAX_REQUESTS` of a JSONL file, or of the bundle's golden file; errors name file and line.

    Golden records with a digest in place of texts are left out: they try many candidates, as few requests do.
    """
    text = open_bundle(bundle).read("golden.jsonl") if file is None else _read(file)
    requests: list[Request] = []
    for number, line in enumerate(text.split(b"\n"), start=1):
        if line.strip() and len(requests) < MAX_REQUESTS:
            try:
                requests += _requests(line)
            except EdgeError as error:
                where = file or f"{bundle}: golden.jsonl"
                problem = f"{where}:{number}: {error.problem}"
                raise EdgeError(problem, evidence=error.evidence, fix=error.fix) from error
    if not requests:
        raise EdgeError(
            f"{file or bundle} has no requests to measure", fix="give some by --requests FILE, a JSON object a line"
        )
    return requests


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise EdgeError(f"{file} cannot be read: {error.strerror}", fix=file_fix(error)) from error


def _requests(line: bytes) -> list[Request]:
    """A line is a request, or a golden record that may hold one worth timing."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        value = None  # parse_request says what is wrong with it
    if isinstance(value, dict) and "request" in value:
        return [] if "sha256" in value else [parse_request(json.dumps(value["request"]))]
    return [parse_request(line)]


def plan_depths(
    bundle: Bundle, plans: Sequence[str], depths: Sequence[int] | None = None
) -> dict[str, tuple[int, ...]]:
    """The exits of each plan that the bundle has, or those of `depths`; errors if it lacks one that is asked for."""
    handover = bundle.manifest["model"]["handover"]
    listed = sorted({exit.depth for exit in bundle.exits})
    if missing := sorted(set(depths or ()) - set(listed)):
        known = ", ".join(map(str, listed))
        raise EdgeError(
            f"{bundle.path} has no exit {missing[0]}", evidence=f"it has exits {known}", fix="name some of these"
        )
    chosen = [depth for depth in listed if depths is None or depth in depths]
    found = {"prefix": tuple(chosen)} if "prefix" in plans else {}
    late = tuple(depth for depth in chosen if depth > handover)
    if "segments" in plans and handover and late:
        found["segments"] = late
    if not found:
        raise EdgeError(
            f"{bundle.path} has no such exits in the plan {' or '.join(plans)}",
            fix="choose other exits, or another plan",
        )
    return found


def measure_apart(bundle: Path, engine: str, requests: Sequence[Request], repeats: int) -> Times:
    """Every exit of the prefix plan, in a fresh process, after a first open in another and in a cache of its own."""
    plans = plan_depths(open_bundle(bundle), ("prefix",))
    return _find(Job(str(bundle), engine, 1, plans, repeats), requests).times


def measure_bundle(path: Path, requests: Sequence[Request], ask: Ask) -> Measurement:
    """The whole document; with a profile, measured under its limits and modelled for its device."""
    bundle = open_bundle(path)
    described = subject(bundle, ask.engine)
    plans = plan_depths(bundle, ask.plans, ask.depths)
    job = Job(str(path), ask.engine, ask.threads, plans, ask.repeats, ask.sustained_s)
    if ask.profile:
        cores, memory = int(ask.profile.fast.cores.value), round(ask.profile.app_memory.value * 1e6)
        job = replace(job, cores=cores, memory=memory, layer_weights=weights_of_a_layer(bundle))
    host, date = this_host(), datetime.now(UTC).isoformat(timespec="seconds")
    found = _find(job, requests)
    prediction = None
    if ask.profile and found.rate:
        prediction = predict(ask.profile, found.times.exits, found.rate, described.download, found.times.resident)
    return Measurement(
        described, ask.engine, ask.threads, host, date, found.times, limits=found.limits, prediction=prediction
    )


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
