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
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
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
    command = checked_decoder(data, scratch)
    python, native = _seconds(partial(unpack, data)), _seconds(partial(subprocess.run, command, check=True))
    lanes, tensors, _ = read_header(data)
    return {
        "parameters": sum(tensor.elements for tensor in tensors),
        "nonzero": sum(tensor.nonzero for tensor in tensors),
        "bytes": len(data),
        "lanes": lanes,
        "numpy_seconds": python,
        "c_seconds": native,
        "instructions": _instructions(command),
    }


def checked_decoder(data: bytes, scratch: Path) -> list[str]:
    """The command that decodes `data` by the C program. Errors: its values are not those of edge.bundle.weights."""
    _require("gcc")
    weights, job, out, program = (scratch / name for name in ("weights.bin", "job.txt", "out.bin", "unpack"))
    weights.write_bytes(data)
    lanes, tensors, body = read_header(data)
    nonzero = sum(tensor.nonzero for tensor in tensors)
    job.write_text("\n".join([f"{lanes} {len(data) - len(body)} {nonzero}", *map(_line, tensors)]) + "\n")
    subprocess.run(["gcc", "-O2", "-std=c11", "-Wall", "-o", program, SOURCE], check=True)
    command = [str(program), str(weights), str(job)]
    decoded = subprocess.run([*command, str(out)], check=False).returncode == 0
    found = unpack(data)
    kept = [found[tensor.name] for tensor in tensors if tensor.kind != "constant"]
    if not decoded or out.read_bytes() != b"".join(np.ascontiguousarray(values).tobytes() for values in kept):
        raise EdgeError("the C decoder and edge.bundle.weights disagree", fix=f"write {SOURCE.name} as FORMAT.md says")
    return command


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _require(tool: str) -> None:
    if shutil.which(tool) is None:
        raise EdgeError(f"{tool} is not installed", fix=f"apt-get install {tool}")


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
    figures = (rows, tensor.elements // rows, tensor.nonzero, tensor.largest, tensor.classes)
    return " ".join(map(str, (tensor.kind[0], *figures, tensor.planes, float(tensor.value))))


def _instructions(command: list[str]) -> int:
    _require("valgrind")
    counted = subprocess.run(
        ["valgrind", "--tool=lackey", "--basic-counts=yes", *command], capture_output=True, text=True, check=True
    )
    match = re.search(r"guest instrs:\s+([0-9,]+)", counted.stderr)
    if match is None:
        raise EdgeError("valgrind counted nothing", evidence=counted.stderr[-500:])
    return int(match[1].replace(",", ""))


if __name__ == "__main__":
    sys.exit(main())
