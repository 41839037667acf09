"""Runs a bundle's Core ML functions in the simulator, for Swift tests: python tests/ios_demo/coreml_server.py BUNDLE

It prints the port on which it answers, on this machine alone, and ends with its standard input. All numbers are
little-endian, of four bytes. A call is the function's name and its inputs: their count, then for each its name, 1 if it
is of integers, else 0, its extents and its values; a name, extents and values follow their length. The answer is 0 and
the outputs, likewise but with floats alone (count, name, values), or 1 and why there are none.
"""

from __future__ import annotations

import socketserver
import struct
import sys
import tempfile
from pathlib import Path
from threading import Thread
from typing import BinaryIO

import numpy as np

from edge.bundle.bundle import open_bundle
from edge.errors import EdgeError
from export.coreml.engine import PACKAGE
from export.coreml.simulator.interpreter import MilInterpreter

MODEL = "models/coreml/"
INTEGERS, FLOATS = np.dtype("<i4"), np.dtype("<f4")


def interpreter_of(bundle: Path, directory: Path) -> MilInterpreter:
    """The functions of a bundle's package, which is unpacked into `directory`."""
    opened = open_bundle(bundle)
    for name in opened.names:
        if name.startswith(MODEL):
            path = directory / name.removeprefix(MODEL)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(opened.read(name))
    return MilInterpreter(directory / PACKAGE)


def answer(interpreter: MilInterpreter, stream: BinaryIO) -> bytes | None:
    """To the next call of a stream; None at its end."""
    head = stream.read(4)
    if not head:
        return None
    function = stream.read(_number(head)).decode()
    inputs = dict(_input(stream) for _ in range(_count(stream)))
    try:
        _check(interpreter, function, inputs)
        outputs = interpreter.run(function, inputs)
    except EdgeError as error:
        return struct.pack("<I", 1) + _sized(str(error).encode())
    listed = [_sized(name.encode()) + _sized(array.astype(FLOATS).tobytes()) for name, array in outputs.items()]
    return struct.pack("<II", 0, len(listed)) + b"".join(listed)


def _input(stream: BinaryIO) -> tuple[str, np.ndarray]:
    name = stream.read(_count(stream)).decode()
    kind = INTEGERS if _count(stream) else FLOATS
    extents = np.frombuffer(stream.read(_count(stream)), INTEGERS)
    return name, np.frombuffer(stream.read(_count(stream)), kind).reshape(extents)


def _check(interpreter: MilInterpreter, function: str, inputs: dict[str, np.ndarray]) -> None:
    """Errors: other arrays than the function takes, or numbers that are not finite."""
    if function not in interpreter.functions:
        raise EdgeError(f"there is no function {function}")
    wanted, _ = interpreter.arrays(function)
    given = {name: (array.dtype.name, array.shape) for name, array in inputs.items()}
    for name in sorted(wanted.keys() | given.keys()):
        if wanted.get(name) != given.get(name):
            raise EdgeError(f"the input {name} of {function} is {given.get(name)}, not {wanted.get(name)}")
        if not np.isfinite(inputs[name]).all():
            raise EdgeError(f"the input {name} of {function} is not finite")


def _count(stream: BinaryIO) -> int:
    return _number(stream.read(4))


def _number(four: bytes) -> int:
    (number,) = struct.unpack("<I", four)
    return int(number)


def _sized(data: bytes) -> bytes:
    return struct.pack("<I", len(data)) + data


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        interpreter = interpreter_of(Path(sys.argv[1]), Path(directory))

        class Calls(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                while (answered := answer(interpreter, self.rfile)) is not None:
                    self.wfile.write(answered)

        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Calls) as server:
            server.daemon_threads = True
            print(server.server_address[1], flush=True)
            Thread(target=server.serve_forever, daemon=True).start()
            sys.stdin.buffer.read()
            server.shutdown()


if __name__ == "__main__":
    main()
