"""Fuzzes at random, in every core: python tests/edge/fuzz.py --cases 1000000 --seed 0

A case depends on the seed and its own number alone. An interrupted run goes on with --start; a failed case is kept in
--out, and --start N --cases 1 repeats it. Exit code 0: every case was accepted or refused as it must be.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from fuzz_targets import (
    ACCEPTED,
    CPU_SECONDS,
    MEMORY,
    TARGETS,
    TooSlow,
    cpu_limit,
    memory_limit,
    peak_memory,
    reset_peak,
)

CHUNK = 500  # cases that a process takes at a time
MAX_FAILURES = 20


@dataclass
class Tally:
    """What became of the cases so far."""

    cases: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[int, str]] = field(default_factory=list)
    slowest: tuple[float, int] = (0.0, 0)  # CPU seconds, case
    memory: int = 0  # bytes that a case took at most

    def add(self, other: Tally) -> None:
        self.cases += other.cases
        self.outcomes += other.outcomes
        self.failures += other.failures
        self.slowest = max(self.slowest, other.slowest)
        self.memory = max(self.memory, other.memory)


def case_bytes(target: str, seed: int, case: int) -> bytes:
    return TARGETS[target].make(Random(seed << 40 | case))


def run_cases(target: str, seed: int, cases: range, seconds: float = CPU_SECONDS, memory: int | None = None) -> Tally:
    """Every case in turn, in a directory of its own that stays in memory if the system can.

    `memory` bytes at most for what is fuzzed; None: as many as it takes. Making the case does not count.
    """
    tally = Tally(len(cases))
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as name:
        for case in cases:
            data = case_bytes(target, seed, case)
            started, resident = time.process_time(), reset_peak()
            try:
                with cpu_limit(seconds), nullcontext() if memory is None else memory_limit(memory):
                    tally.outcomes[TARGETS[target].meet(data, Path(name))] += 1
            except (Exception, TooSlow):
                tally.failures.append((case, traceback.format_exc(limit=-6)))
            tally.slowest = max(tally.slowest, (time.process_time() - started, case))
            tally.memory = max(tally.memory, peak_memory() - resident)
    return tally


def _start_worker(target: str) -> None:
    """Meets a few cases before the memory is limited: what is imported or cached at first is no case's fault."""
    run_cases(target, -1, range(20))


def fuzz(target: str, seed: int, cases: range, processes: int, seconds: float) -> Iterator[Tally]:
    """What became of each chunk, as they come; a process that dies raises BrokenProcessPool."""
    chunks = (cases[first : first + CHUNK] for first in range(0, len(cases), CHUNK))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, _start_worker, (target,)) as pool:
        running: set[Future[Tally]] = set()
        for chunk in chunks:
            running.add(pool.submit(run_cases, target, seed, chunk, seconds, MEMORY))
            if len(running) > 2 * processes:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        yield from (future.result() for future in running)


def _report(target: str, seed: int, total: Tally, seconds: float) -> dict[str, object]:
    return {
        "target": target,
        "seed": seed,
        "cases": total.cases,
        "accepted": total.outcomes[ACCEPTED],
        "failed": len(total.failures),
        "cases_per_second": round(total.cases / seconds),
        "slowest_cpu_seconds": round(total.slowest[0], 4),
        "slowest_case": total.slowest[1],
        "memory_bytes": total.memory,
        "outcomes": dict(total.outcomes.most_common()),
    }


def _keep(out: Path, target: str, seed: int, failures: list[tuple[int, str]]) -> None:
    """Failed cases as files, to be looked at and to become tests."""
    for case, trace in failures:
        out.mkdir(parents=True, exist_ok=True)
        file = out / f"{target}-{seed}-{case}.bin"
        file.write_bytes(case_bytes(target, seed, case))
        print(
            f"\nfailed: --target {target} --seed {seed} --start {case} --cases 1, kept as {file}\n{trace}",
            file=sys.stderr,
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", choices=sorted(TARGETS), default="bundle")
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=int, default=0, help="number of the first case")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--cpu-seconds", type=float, default=CPU_SECONDS, help="more than this for a case fails it")
    parser.add_argument("--out", type=Path, default=Path("fuzz-failures"), help="where failed cases are kept")
    options = parser.parse_args()
    total, started = Tally(), time.perf_counter()
    cases = range(options.start, options.start + options.cases)
    for tally in fuzz(options.target, options.seed, cases, options.processes, options.cpu_seconds):
        _keep(options.out, options.target, options.seed, tally.failures)
        total.add(tally)
        rate = total.cases / (time.perf_counter() - started)
        print(f"\r{total.cases:,} of {len(cases):,} cases, {rate:,.0f} a second, ", end="", file=sys.stderr)
        print(f"{len(total.failures)} failed", end="", file=sys.stderr, flush=True)
        if len(total.failures) >= MAX_FAILURES:
            break
    print(file=sys.stderr)
    print(json.dumps(_report(options.target, options.seed, total, time.perf_counter() - started), indent=2))
    return 1 if total.failures else 0


if __name__ == "__main__":
    sys.exit(main())
