"""Core ML packages that were altered: faults to plant in them."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from export.coreml.simulator.stored import BLOB


class Altered:
    """A copy of a package with its program and its weight file open for changes."""

    def __init__(self, source: Path, target: Path) -> None:
        from coremltools.proto import Model_pb2

        self.path = shutil.copytree(source, target)
        (self.program_path,) = target.rglob("*.mlmodel")
        (self.weights_path,) = target.rglob("weight.bin")
        self.model = Model_pb2.Model.FromString(self.program_path.read_bytes())
        self.data = bytearray(self.weights_path.read_bytes())

    def operations(self, kind: str) -> Iterator[Any]:
        for function in self.model.mlProgram.functions.values():
            for block in function.block_specializations.values():
                yield from (operation for operation in block.operations if operation.type == kind)

    def largest(self) -> Any:
        """The operation that dequantises the largest sparse weight."""
        size = {one.outputs[1].name: self.blob(one)[1] for one in self.operations(SPARSE)}
        largest = max(size, key=size.__getitem__)
        return next(one for one in self.operations(SPARSE) if one.outputs[1].name == largest)

    def blob(self, operation: Any, name: str = "nonzero_data") -> tuple[int, int]:
        """Where the values of one of its inputs start, and how many bytes they are."""
        value = operation.inputs[name].arguments[0].value
        _, _, size, start = BLOB.unpack_from(self.data, value.blobFileValue.offset)
        return start, size

    def append(self, kind: int, values: bytes) -> int:
        """A blob more at the end of the file; says where its header lies."""
        self.data += bytes(-len(self.data) % 64)
        offset = len(self.data)
        self.data += BLOB.pack(0xDEADBEEF, kind, len(values), offset + 64).ljust(64, b"\0") + values
        struct.pack_into("<I", self.data, 0, struct.unpack_from("<I", self.data)[0] + 1)
        return offset

    def write(self) -> Path:
        self.program_path.write_bytes(self.model.SerializeToString())
        self.weights_path.write_bytes(self.data)
        return self.path


SPARSE = "constexpr_sparse_blockwise_shift_scale"


def spoil(package: Altered) -> None:
    package.data[package.blob(package.largest())[0] + 7] ^= 1


def move_a_zero(package: Altered) -> None:
    start, size = package.blob(package.largest(), "data_mask")
    byte = next(at for at in range(start, start + size) if package.data[at] & 3 == 1)
    package.data[byte] ^= 3


def rescale(package: Altered) -> None:
    package.data[package.blob(package.largest(), "scale")[0]] ^= 1


def duplicate(package: Altered) -> None:
    operation = package.largest()
    start, size = package.blob(operation)
    offset = package.append(4, bytes(package.data[start : start + size]))
    operation.inputs["nonzero_data"].arguments[0].value.blobFileValue.offset = offset


def orphan(package: Altered) -> None:
    start, size = package.blob(package.largest())
    package.append(4, bytes(package.data[start : start + size]))


def to_float(package: Altered) -> None:
    """One function's copy of a weight becomes a plain float16 constant."""
    dense = next(package.operations("constexpr_sparse_to_dense"))
    kind, shape = dense.outputs[0].type, [one.constant.size for one in dense.outputs[0].type.tensorType.dimensions]
    offset = package.append(1, np.zeros(shape, np.float16).tobytes())
    dense.type = "const"
    dense.inputs.clear()
    value = dense.attributes["val"]
    value.type.CopyFrom(kind)
    value.blobFileValue.fileName, value.blobFileValue.offset = "@model_path/weights/weight.bin", offset
