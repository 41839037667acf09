"""What is fuzzed: one function each, which takes bytes and says how they were met, or fails."""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random
from zlib import crc32

import numpy as np
from fuzz_bundles import mutated_bundle
from fuzz_runnable import mutated_contents, mutated_request
from fuzz_weights import mutated_weights
from measured_exits import measured
from runnable_bundles import EXITS, REQUEST, parameters
from runnable_weights import SHAPE, reading

from edge.bundle.bundle import read_manifest
from edge.bundle.install import LOCK, install, is_intact
from edge.bundle.listing import MANIFEST
from edge.bundle.weights.packed import read_header, unpack
from edge.conformance.golden import logits_of
from edge.conformance.verify import check_logits, check_reading, goldens_of
from edge.engines.reference import ReferenceEngine
from edge.errors import EdgeError
from edge.runtime.costs import Costs
from edge.runtime.model import Model
from edge.runtime.opening import open_files
from edge.runtime.ranker import Ranker
from edge.runtime.refusing import refusing_what_cannot_run
from edge.text.request import parse_request

CPU_SECONDS = 1.0
MEMORY = 64 << 20
ACCEPTED = "accepted"


class TooSlow(BaseException):
    """Not an Exception, so that what is fuzzed cannot take it for one of its own."""


@dataclass(frozen=True)
class Target:
    """`make` draws a case; `meet` takes it and an empty directory: `ACCEPTED`, or the reason of the refusal."""

    make: Callable[[Random], bytes]
    meet: Callable[[bytes, Path], str]


def meet_bundle(data: bytes, directory: Path) -> str:
    """Open and install, half of the cases into a cache used before: whole, or refused with nothing left behind."""
    path, cache = directory / "m.edge", directory / "cache"
    path.write_bytes(data)
    there = [path]
    if crc32(data) % 2:
        cache.mkdir()
        (cache / LOCK).touch()
        there += [cache, cache / LOCK]
    try:
        installed = install(path, cache).directory
    except EdgeError as error:
        assert set(directory.rglob("*")) == set(there), "a refusal left something behind"
        return reason(error, path)
    else:
        bundle = read_manifest(path)
        assert installed == cache / bundle.sha256
        assert set(os.listdir(cache)) == {LOCK, bundle.sha256}  # noqa: PTH208
        found = {str(file.relative_to(installed)) for file in installed.rglob("*") if file.is_file()}
        assert found == {MANIFEST, *(file.path for file in bundle.files if file.is_installed)}
        assert is_intact(bundle, installed)
        return ACCEPTED
    finally:
        shutil.rmtree(cache, ignore_errors=True)


def reason(error: EdgeError, path: Path | None = None) -> str:
    """The refusal's wording without what differs from case to case; it must be one printable line."""
    line = error.problem
    assert path is None or (error.fix and not error.evidence)
    assert line.isprintable(), f"not one printable line: {line!r}"
    assert path is None or line.startswith(f"{path} refused: ")
    line = line.removeprefix(f"{path} refused: ")
    return re.sub(r"'[^']*'?|\"[^\"]*\"?|[0-9][0-9,]*|\b(text|vocab|golden|models|weights)[./][\w./]*", "_", line)[:80]


def meet_weights(data: bytes, directory: Path) -> str:
    """Decode: every tensor as the header says, or a refusal."""
    try:
        weights = unpack(data)
    except EdgeError as error:
        return reason(error)
    _, tensors, _ = read_header(data)
    found = {name: (values.shape, values.dtype == np.int8) for name, values in weights.items()}
    assert found == {tensor.name: (tensor.shape, tensor.kind == "integers") for tensor in tensors}
    return ACCEPTED


def meet_contents(data: bytes, directory: Path) -> str:
    """Open, replay the golden requests and rank: scores for every candidate, or a refusal in one line."""
    path = directory / "m.edge"
    path.write_bytes(data)
    os.environ["EDGE_CACHE"] = str(directory / "cache")
    try:
        with np.errstate(all="ignore"):  # weights beyond all measure
            opened = open_files(path, weights=True)
            goldens, engine = goldens_of(opened), opened.engine("reference")
            with refusing_what_cannot_run(path, "reference"):
                rows = check_logits(engine, opened.reading, goldens, "reference", 1e-3)
                logits = logits_of(engine, opened.reading, REQUEST, goldens[0].logits.keys())
    except EdgeError as error:
        return reason(error, path if error.problem.startswith(f"{path} refused: ") else None)
    finally:
        shutil.rmtree(directory / "cache", ignore_errors=True)
    assert {row.shape for row in logits.values()} == {(len(REQUEST.candidates),)}
    passed = check_reading(opened.reading, goldens).passed and all(row.passed for row in rows)
    return ACCEPTED if passed else "golden requests are not reproduced"


def meet_request(data: bytes, directory: Path) -> str:
    """Parse and rank: every candidate once, best first, by scores that are numbers; or a refusal in one line."""
    ranker = _ranker()
    try:
        request = parse_request(data)
        user = ranker.user(request.user, request.events)
        budget = (None, 1e-9, 1e9)[crc32(data) % 3]
        ranked = ranker.rank(user, request.candidates, budget_ms=budget, time_s=request.time)
    except EdgeError as error:
        return reason(error)
    assert sorted(item.id for item in ranked.items) == sorted(item.id for item in request.candidates)
    assert np.isfinite(ranked.scores).all() and list(ranked.scores) == sorted(ranked.scores, reverse=True)
    return ACCEPTED


@lru_cache(maxsize=1)
def _ranker() -> Ranker:
    """Of the small model of random weights, on the reference engine."""
    costs = Costs(((1.0, 1.0),), ((1.0, 1.0),), ((1.0, 1.0),), (((1.0, 1.0),),) * (SHAPE.interact_layers + 1))
    exits = measured(dict.fromkeys(EXITS) | {EXITS[-1]: 0.8})
    return Ranker(Model(ReferenceEngine(parameters(), SHAPE), reading(), costs, exits), memory_mb=0.01)


TARGETS = {
    "bundle": Target(mutated_bundle, meet_bundle),
    "contents": Target(mutated_contents, meet_contents),
    "request": Target(mutated_request, meet_request),
    "weights": Target(mutated_weights, meet_weights),
}


@contextmanager
def cpu_limit(seconds: float) -> Iterator[None]:
    """Raises `TooSlow` in a block that takes more of the processor's time; other processes do not count."""

    def stop(*_: object) -> None:
        raise TooSlow(f"more than {seconds} s of CPU time")

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


@contextmanager
def memory_limit(extra: int) -> Iterator[None]:
    """A block gets at most `extra` bytes more than there are now, then MemoryError: no bundle may need them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + extra, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def reset_peak() -> int:
    """The bytes that this process has resident now, from which the peak is counted again."""
    Path("/proc/self/clear_refs").write_text("5")
    return peak_memory()


def peak_memory() -> int:
    """The most bytes that this process had resident since the last reset."""
    status = Path("/proc/self/status").read_text()  # ru_maxrss would begin at the parent's
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024
