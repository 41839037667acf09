"""A Core ML package on disk: its program, and the values that the program keeps in its weight file.

The weight file: 64 bytes, of which the first 8 are the number of blobs and version 2; then one blob after the other,
each a header of 64 bytes and its values, both starting at a multiple of 64. The program names a blob by its header.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge.errors import EdgeError, missing_extra
from export.quiet import quiet

ALIGNMENT = 64
BLOB = struct.Struct("<IIQQ")  # magic, type, bytes of values, where they start
MAGIC = 0xDEADBEEF
PLAIN = {"FLOAT16": "<f2", "FLOAT32": "<f4", "INT8": "i1", "UINT8": "u1", "INT32": "<i4", "UINT32": "<u4"}
BITS = {"UINT1": 1, "INT4": 4}  # packed from the lowest bit of each byte


@dataclass(frozen=True)
class Tensor:
    """A value of the program; `blob` says where in the weight file it lies, None if in the program itself."""

    value: np.ndarray
    kind: str  # MIL's name of the element type
    blob: int | None


class MilPackage:
    """The functions of a package, each a block of operations, and what their values are."""

    def __init__(self, package: Path) -> None:
        self.path = package
        try:
            with quiet():
                from coremltools.proto import MIL_pb2, Model_pb2
        except ImportError as error:
            raise missing_extra("export", error) from error
        from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

        try:
            program = Model_pb2.Model.FromString(self._only("*.mlmodel").read_bytes()).mlProgram
            self.data = self._only("weight.bin").read_bytes()
        except (OSError, DecodeError) as error:
            raise self.unreadable(str(error) or type(error).__name__) from error
        functions = sorted(program.functions.items())
        self.functions = {name: block for name, one in functions for block in one.block_specializations.values()}
        if not self.functions:
            raise self.unreadable("there is no program in it")
        self.inputs = {name: list(one.inputs) for name, one in functions}
        self._kinds = {number: name for name, number in MIL_pb2.DataType.items()}

    def _only(self, pattern: str) -> Path:
        found = sorted(self.path.rglob(pattern))
        if len(found) != 1:
            raise self.unreadable(f"it holds {len(found)} files {pattern}")
        return found[0]

    def unreadable(self, reason: str) -> EdgeError:
        """The error for a package that cannot be read; `reason` is cut to its first line."""
        return EdgeError(f"{self.path} is not a Core ML package that can be read", evidence=reason.splitlines()[0])

    def kind(self, value_type: Any) -> str:
        """MIL's name of the element type of a tensor type."""
        return self._kinds[value_type.tensorType.dataType]

    def tensor(self, value: Any) -> Tensor:
        """A constant; strings and booleans are arrays too."""
        kind = self.kind(value.type)
        shape = [dimension.constant.size for dimension in value.type.tensorType.dimensions]
        blob = value.blobFileValue.offset if value.WhichOneof("value") == "blobFileValue" else None
        try:
            flat = self._immediate(value, kind, shape) if blob is None else _decode(self.blob(blob), kind, shape)
            return Tensor(flat.reshape(shape), kind, blob)
        except ValueError as error:
            raise self.unreadable(f"a value of {kind} {shape}: {error}") from error

    def blob(self, offset: int) -> bytes:
        """The values of the blob whose header lies at `offset`."""
        start, size = self._extent(offset)
        return self.data[start : start + size]

    def blobs(self) -> Iterator[int]:
        """Where the headers of all blobs lie, those that no function reads too."""
        offset = ALIGNMENT
        for _ in range(struct.unpack_from("<I", self.data.ljust(4, b"\0"))[0]):
            yield offset
            offset = -(-sum(self._extent(offset)) // ALIGNMENT) * ALIGNMENT

    def _extent(self, offset: int) -> tuple[int, int]:
        if offset + BLOB.size <= len(self.data):
            magic, _, size, start = BLOB.unpack_from(self.data, offset)
            if magic == MAGIC and start + size <= len(self.data):
                return start, size
        raise self.unreadable(f"no blob of the weight file starts at byte {offset}")

    def _immediate(self, value: Any, kind: str, shape: list[int]) -> np.ndarray:
        tensor = value.immediateValue.tensor
        form = tensor.WhichOneof("value")
        if form == "bytes":
            return _decode(tensor.bytes.values, kind, shape)
        types = {"floats": np.float32, "ints": np.int32, "bools": np.bool_, "strings": np.str_}
        if form not in types:
            raise self.unreadable(f"a value is kept as {form}")
        return np.array(list(getattr(tensor, form).values), dtype=types[form])


def _decode(data: bytes, kind: str, shape: list[int]) -> np.ndarray:
    """The values of a tensor of that type, flat."""
    count = int(np.prod(shape))
    if kind in PLAIN:
        return np.frombuffer(data, dtype=PLAIN[kind], count=count)
    if kind not in BITS:
        raise ValueError("this type is not known")
    bits = np.unpackbits(np.frombuffer(data, dtype=np.uint8), bitorder="little")[: count * BITS[kind]]
    if kind == "UINT1":
        return bits
    nibbles = bits.reshape(count, 4) @ np.array([1, 2, 4, 8], dtype=np.uint8)
    return (nibbles.astype(np.int8) ^ 8) - np.int8(8)  # two's complement of four bits
