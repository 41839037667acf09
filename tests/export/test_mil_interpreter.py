"""The interpreter of Core ML programs: its own arithmetic, and one clear line for what it cannot read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from coreml_packages import Altered
from random_rankers import PLACES, sparse_model

from edge.errors import EdgeError
from export.buckets import Buckets
from export.coreml.engine import PACKAGE
from export.coreml.package import export_coreml
from export.coreml.simulator.interpreter import MilInterpreter
from export.coreml.simulator.operations import OPERATIONS
from export.coreml.simulator.stored import MilPackage

POSITIONS = {"positions": np.arange(8, dtype=np.int32)}
TOKENS = POSITIONS | {"ids": np.full(8, 9, np.int32)}
STATES = {"hidden": np.linspace(-2, 2, 128, dtype=np.float32).reshape(8, 16), "mask": np.zeros((8, 8), np.float32)}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("package") / PACKAGE
    buckets = Buckets(tokens=(8,), segments=4, append=(1,), candidates=(2,))
    export_coreml(sparse_model(4), PLACES, buckets, path)
    return path


@pytest.fixture
def altered(package: Path, tmp_path: Path) -> Altered:
    return Altered(package, tmp_path / "altered.mlpackage")


def test_every_result_is_a_float16_number_unless_asked_otherwise(package: Path) -> None:
    states = {}
    for arithmetic in ("program", "float16", "float32"):
        interpreter = MilInterpreter(package, arithmetic)  # type: ignore[arg-type]
        (states[arithmetic],) = interpreter.run("encode_8", STATES).values()
    np.testing.assert_array_equal(states["program"], states["float16"])
    np.testing.assert_array_equal(states["program"], states["program"].astype(np.float16))
    assert (states["float32"] != states["float32"].astype(np.float16)).any()
    assert 0 < np.abs(states["float32"] - states["program"]).max() < 3e-2


def test_sparse_integers_become_the_weights_that_coremltools_computes() -> None:
    from coremltools.converters.mil.mil.ops.defs.iOS18.compression import (
        constexpr_blockwise_shift_scale,
        constexpr_sparse_blockwise_shift_scale,
        constexpr_sparse_to_dense,
    )

    random = np.random.default_rng(0)
    mask = random.integers(0, 2, (6, 8)).astype(np.uint8)
    values = random.integers(-127, 128, int(mask.sum())).astype(np.int8)
    scale = random.random((6, 1)).astype(np.float32)
    theirs = constexpr_sparse_blockwise_shift_scale.decompress(mask, values, scale, None)
    ours = OPERATIONS["constexpr_sparse_blockwise_shift_scale"](mask, values, scale)
    np.testing.assert_array_equal(ours[1], theirs[1])
    dense = OPERATIONS["constexpr_sparse_to_dense"](ours[1], ours[0])
    np.testing.assert_array_equal(dense, constexpr_sparse_to_dense.decompress(theirs[1], theirs[0]))
    blocks = random.random((3, 2)).astype(np.float32)
    integers = random.integers(-7, 8, (6, 8)).astype(np.int8)
    np.testing.assert_array_equal(
        OPERATIONS["constexpr_blockwise_shift_scale"](integers, blocks),
        constexpr_blockwise_shift_scale.decompress(integers, blocks, None),
    )


def test_an_unknown_operation_is_named(altered: Altered) -> None:
    next(altered.operations("gelu")).type = "tan"
    with pytest.raises(EdgeError, match="no operation 'tan'"):
        MilInterpreter(altered.write())


@pytest.mark.parametrize(("kind", "name"), [("gather", "axis"), ("gelu", "mode"), ("layer_norm", "epsilon")])
def test_an_operation_that_lacks_an_input_is_named(altered: Altered, kind: str, name: str) -> None:
    for operation in altered.operations(kind):
        del operation.inputs[name]
    function, inputs = ("embed_8", TOKENS) if kind == "gather" else ("encode_8", STATES)
    with pytest.raises(EdgeError, match=f"^{kind} .*cannot run"):
        MilInterpreter(altered.write()).run(function, inputs)


def test_a_look_up_beyond_the_table_is_an_error(package: Path) -> None:
    for wrong, named in ((10_000, "out of bounds"), (-1, "negative")):
        inputs = POSITIONS | {"ids": np.full(8, wrong, np.int32)}
        with pytest.raises(EdgeError, match=r"^gather .*cannot run") as refused:
            MilInterpreter(package).run("embed_8", inputs)
        assert named in refused.value.evidence


@pytest.mark.parametrize(
    ("inputs", "named"),
    [
        (POSITIONS, "'ids' of embed_8 takes .8,., not nothing"),
        (TOKENS | {"ids": np.zeros(3, np.int32)}, r"takes \(8,\), not \(3,\)"),
    ],
)
def test_an_input_that_is_absent_or_of_another_shape_is_refused(
    package: Path, inputs: dict[str, np.ndarray], named: str
) -> None:
    with pytest.raises(EdgeError, match=named):
        MilInterpreter(package).run("embed_8", inputs)
    with pytest.raises(EdgeError, match="no function 'walk'"):
        MilInterpreter(package).run("walk", inputs)


def no_program(altered: Altered) -> None:
    altered.model.mlProgram.functions.clear()


def no_weights(altered: Altered) -> None:
    altered.data.clear()


def half_the_weights(altered: Altered) -> None:
    del altered.data[len(altered.data) // 2 :]


def another_place(altered: Altered) -> None:
    next(altered.operations("constexpr_sparse_blockwise_shift_scale")).inputs["scale"].arguments[
        0
    ].value.blobFileValue.offset += 4


def larger_than_stored(altered: Altered) -> None:
    value = next(altered.operations("constexpr_sparse_blockwise_shift_scale")).inputs["scale"].arguments[0].value
    value.type.tensorType.dimensions[0].constant.size *= 64


def strange_type(altered: Altered) -> None:
    value = next(altered.operations("constexpr_sparse_blockwise_shift_scale")).inputs["scale"].arguments[0].value
    value.type.tensorType.dataType = 24


def dangling_name(altered: Altered) -> None:
    next(altered.operations("gelu")).inputs["x"].arguments[0].name = "nobody"


@pytest.mark.parametrize(
    "fault",
    [no_program, no_weights, half_the_weights, another_place, larger_than_stored, strange_type, dangling_name],
)
def test_a_damaged_package_is_refused_in_one_line(altered: Altered, fault: Callable[[Altered], None]) -> None:
    fault(altered)
    with pytest.raises(EdgeError, match="is not a Core ML package that can be read") as refused:
        interpreter = MilInterpreter(altered.write())
        for name in interpreter.functions:
            inputs = {
                one.name: np.zeros([size.constant.size for size in one.type.tensorType.dimensions], np.float32)
                for one in interpreter.package.inputs[name]
            }
            interpreter.run(name, {key: value.astype(np.int32) for key, value in inputs.items()})
    assert len(refused.value.evidence.splitlines()) == 1


def test_what_is_no_package_at_all_is_refused(altered: Altered, tmp_path: Path) -> None:
    with pytest.raises(EdgeError) as refused:
        MilPackage(tmp_path / "nothing.mlpackage")
    assert refused.value.evidence == "it holds 0 files *.mlmodel"
    altered.write()
    altered.program_path.write_bytes(b"\xff" * 99)
    with pytest.raises(EdgeError, match="is not a Core ML package"):
        MilPackage(altered.path)
