"""The simulator that stands for Core ML in the Swift tests answers calls, and names what is wrong with one."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from typing import cast

import numpy as np
import pytest

pytest.importorskip("coremltools")

from coreml_server import answer

from export.coreml.simulator.interpreter import MilInterpreter

ONES = np.ones((2, 1), dtype=np.float32)


class Doubling:
    """A package of one function, which doubles `x`."""

    functions = ("double_2",)

    def arrays(self, function: str) -> tuple[dict[str, tuple[str, tuple[int, ...]]], None]:
        return {"x": ("float32", (2, 1))}, None

    def run(self, function: str, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {"y": 2 * inputs["x"]}


def call(function: str, **arrays: np.ndarray) -> bytes:
    parts = [_sized(function.encode()), struct.pack("<I", len(arrays))]
    for name, array in arrays.items():
        extents = np.array(array.shape, dtype="<i4").tobytes()
        is_integer = struct.pack("<I", array.dtype.kind == "i")
        parts += [_sized(name.encode()), is_integer, _sized(extents), _sized(array.tobytes())]
    return b"".join(parts)


def _sized(data: bytes) -> bytes:
    return struct.pack("<I", len(data)) + data


def answered(*calls: bytes) -> list[bytes]:
    stream, interpreter = io.BytesIO(b"".join(calls)), cast("MilInterpreter", Doubling())
    answers = []
    while (one := answer(interpreter, stream)) is not None:
        answers.append(one)
    return answers


def test_calls_are_answered_one_after_another() -> None:
    answers = answered(call("double_2", x=ONES), call("double_2", x=3 * ONES))
    heads = struct.pack("<II", 0, 1) + _sized(b"y")
    assert answers == [heads + _sized((2 * ONES).tobytes()), heads + _sized((6 * ONES).tobytes())]


@pytest.mark.parametrize(
    ("function", "arrays", "named"),
    [
        ("double_3", {"x": ONES}, b"double_3"),
        ("double_2", {}, b"input x of double_2"),
        ("double_2", {"x": ONES, "z": ONES}, b"input z of double_2"),
        ("double_2", {"x": ONES[:1]}, b"input x of double_2"),
        ("double_2", {"x": ONES.astype(np.int32)}, b"input x of double_2"),
        ("double_2", {"x": ONES * np.nan}, b"not finite"),
    ],
)
def test_a_call_of_other_arrays_is_refused_and_the_array_is_named(
    function: str, arrays: dict[str, np.ndarray], named: bytes
) -> None:
    (refused,) = answered(call(function, **arrays))
    assert refused[:4] == struct.pack("<I", 1) and named in refused
