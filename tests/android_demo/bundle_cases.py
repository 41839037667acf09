"""Writes damaged bundles, with Python's verdict: python tests/android_demo/bundle_cases.py --cases 100000 > FILE

They are those of tests/edge/fuzz.py. Each is a byte, 1 if Python accepts it and 0 if it refuses it, a length of four
bytes, the highest first, and the bundle. A bundle is accepted if it installs; with `--target contents`, where all
digests are in order, if it opens and its golden requests are reproduced. `android_demo/prove.sh` gives them to Kotlin.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import struct
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "edge"))
from fuzz import case_bytes
from fuzz_targets import ACCEPTED, TARGETS

PART = 250  # cases that a process takes at a time


def cases(target: str, seed: int, numbers: range) -> bytes:
    """The bundles of some numbers, one after another."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as directory:
        return b"".join(_case(target, case_bytes(target, seed, number), Path(directory)) for number in numbers)


def _case(target: str, data: bytes, directory: Path) -> bytes:
    verdict = TARGETS[target].meet(data, directory) == ACCEPTED
    return struct.pack(">BI", verdict, len(data)) + data


def parts(target: str, seed: int, count: int, processes: int) -> Iterator[bytes]:
    ranges = [(target, seed, range(first, min(first + PART, count))) for first in range(0, count, PART)]
    if processes == 1:
        yield from (cases(*one) for one in ranges)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from (one.get() for one in [pool.apply_async(cases, one) for one in ranges])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", choices=("bundle", "contents"), default="bundle")
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    for part in parts(options.target, options.seed, options.cases, options.processes):
        sys.stdout.buffer.write(part)
    return 0


if __name__ == "__main__":
    sys.exit(main())
