"""Fuzzes guided by coverage: python tests/edge/fuzz_atheris.py --target bundle [libFuzzer options] [CORPUS]

What libFuzzer mutates is not the file but the choices that make it, so that digests stay in order; a case that begins
with 0xff is a file as it is. `-runs=100000 -timeout=5` are libFuzzer's own.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["edge"]):
    from fuzz_bytes import Tape
    from fuzz_targets import CPU_SECONDS, TARGETS, cpu_limit

PLAIN_FILE = 0xFF


def main() -> None:
    arguments = sys.argv
    name = "bundle"
    if "--target" in arguments:
        at = arguments.index("--target")
        name = arguments[at + 1]
        arguments = arguments[:at] + arguments[at + 2 :]
    target = TARGETS[name]

    def one(data: bytes) -> None:
        case = data[1:] if data[:1] == bytes([PLAIN_FILE]) else target.make(Tape(data))
        # a directory for each: libFuzzer ends without clearing up
        with tempfile.TemporaryDirectory() as directory, cpu_limit(CPU_SECONDS):
            target.meet(case, Path(directory))

    atheris.Setup(arguments, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
