"""Instructions per weight of the packed format's decoder, counted by valgrind, and its time on this machine.

    python benchmarks/decode_cost.py movies.edge --out benchmarks/results/decode-cost.json

Compiles benchmarks/decoder/unpack.c, checks that it decodes what edge.bundle.weights does, and counts x86-64
instructions. Needs gcc and valgrind. It takes a few seconds for a quickstart, a minute for the full
shape.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from edge.bench.host import this_host
from edge.bundle.bundle import open_bundle
from edge.bundle.listing import WEIGHTS
from edge.bundle.weights.packed import Tensor, read_header, unpack
from edge.errors import EdgeError
from edge.files import write_json

SOURCE = Path(__file__).parent / "decoder" / "unpack.c"
PHONE_CORE = 2.0e9 * 1.5  # instructions a second: a mid-range core at 2 GHz, 1.5 an instruction each cycle


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    options = parser.parse_args()
    try:
        data = open_bundle(options.bundle).read(WEIGHTS)
        with tempfile.TemporaryDirectory() as scratch:
            found = measured(data, Path(scratch))
    except EdgeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if options.out:
        write_json(options.out, {"host": asdict(this_host()), **found})
    print(_report(found))
    return 0


def measured(data: bytes, scratch: Path) -> dict[str, Any]:
    """Of packed weights. Errors: a tool is missing, the two decoders disagree."""
    for tool in ("gcc", "valgrind"):
        if shutil.which(tool) is None:
            raise EdgeError(f"{tool} is not installed", fix=f"apt-get install {tool}")
    weights, job, out, program = (scratch / name for name in ("weights.bin", "job.txt", "out.bin", "unpack"))
    weights.write_bytes(data)
    lanes, tensors, body = read_header(data)
    nonzero = sum(tensor.nonzero for tensor in tensors)
    job.write_text("\n".join([f"{lanes} {len(data) - len(body)} {nonzero}", *map(_line, tensors)]) + "\n")
    subprocess.run(["gcc", "-O2", "-std=c11", "-Wall", "-o", program, SOURCE], check=True)
    command = [str(program), str(weights), str(job)]
    subprocess.run([*command, str(out)], check=True)
    start = time.perf_counter()
    found = unpack(data)
    python = time.perf_counter() - start
    kept = [found[tensor.name] for tensor in tensors if tensor.kind != "constant"]
    if out.read_bytes() != b"".join(np.ascontiguousarray(values).tobytes() for values in kept):
        raise EdgeError("the C decoder and edge.bundle.weights disagree")
    start = time.perf_counter()
    subprocess.run(command, check=True)
    native = time.perf_counter() - start
    instructions = _instructions(command)
    elements = sum(tensor.elements for tensor in tensors)
    return {
        "parameters": elements, "nonzero": nonzero, "bytes": len(data), "lanes": lanes,
        "numpy_seconds": python, "c_seconds": native, "instructions": instructions,
    }  # fmt: skip


def _report(found: Mapping[str, Any]) -> str:
    instructions, elements = found["instructions"], found["parameters"]
    return (
        f"{elements:,} parameters, {found['nonzero']:,} of them not zero, {found['bytes']:,} bytes, "
        f"{found['lanes']} lanes\n"
        f"numpy {found['numpy_seconds']:.2f} s, C {found['c_seconds']:.3f} s on this machine\n"
        f"{instructions:,} x86-64 instructions, {instructions / elements:.1f} a parameter\n"
        f"about {instructions / PHONE_CORE:.2f} s on a phone core that retires {PHONE_CORE / 1e9:.0f} G a second"
    )


def _line(tensor: Tensor) -> str:
    rows = tensor.shape[0]
    figures = (rows, tensor.elements // rows, tensor.nonzero, tensor.largest, tensor.classes, repr(float(tensor.value)))
    return " ".join(map(str, (tensor.kind[0], *figures)))


def _instructions(command: list[str]) -> int:
    counted = subprocess.run(
        ["valgrind", "--tool=lackey", "--basic-counts=yes", *command], capture_output=True, text=True, check=True
    )
    match = re.search(r"guest instrs:\s+([0-9,]+)", counted.stderr)
    if match is None:
        raise EdgeError("valgrind counted nothing", evidence=counted.stderr[-500:])
    return int(match[1].replace(",", ""))


if __name__ == "__main__":
    sys.exit(main())
