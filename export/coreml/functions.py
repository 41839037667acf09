"""Packages of Core ML functions that read one copy of their weights, written so that equal models give equal bytes."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

Inputs = dict[str, tuple[str, tuple[int, ...]]]  # name -> "int32" or "fp32", shape


@dataclass(frozen=True)
class CoreMlFunction:
    """One function of a package: `build` takes weights and inputs, and gives the outputs in the order of `outputs`."""

    name: str
    inputs: Inputs
    outputs: tuple[str, ...]
    build: Callable[..., Any]


def write_package(model: nn.Module, functions: list[CoreMlFunction], package: Path, target: str) -> None:
    """Write `package` for "iOS16" or "iOS18"; the last function is the default. Replaces one that is there."""
    import coremltools as ct
    from coremltools.converters.mil.mil import Builder, Program

    from export.coreml.weights import Weights

    Builder.name_count.clear()  # it numbers ops over a whole process
    program = Program()
    for function in functions:
        weights = Weights(model, compressed=target == "iOS18")
        program.add_function(function.name, _function(function, weights, ct.target[target]))
    program.default_function_name = functions[-1].name
    program.export_as_multifunction = len(functions) > 1
    program.skip_all_passes = True  # the graph is as it shall be; passes would only rename, merge and copy
    shutil.rmtree(package, ignore_errors=True)
    package.parent.mkdir(parents=True, exist_ok=True)
    ct.convert(
        program,
        convert_to="mlprogram",
        minimum_deployment_target=ct.target[target],
        skip_model_load=True,
        pass_pipeline=ct.PassPipeline.EMPTY,
        package_dir=str(package),
    )
    _write_steadily(package)


def _function(function: CoreMlFunction, weights: Any, target: Any) -> Any:
    """Float inputs and outputs are float32, whatever the arithmetic between them is in."""
    from coremltools.converters.mil.mil import Builder as Ops
    from coremltools.converters.mil.mil import Function, types

    kinds = {"int32": types.int32, "fp32": types.fp32}
    placeholders = {name: Ops.placeholder(shape, kinds[kind]) for name, (kind, shape) in function.inputs.items()}
    with Function(placeholders, opset_version=target) as built:
        outputs = function.build(weights, *built.inputs.values())
        listed = outputs if isinstance(outputs, tuple) else (outputs,)
        named = zip(listed, function.outputs, strict=True)
        built.set_outputs([_leaving(name, output) for output, name in named])
    return built


def _leaving(name: str, output: Any) -> Any:
    """In float32, and under its name."""
    from coremltools.converters.mil.mil import Builder as Ops
    from coremltools.converters.mil.mil import types

    if output.dtype == types.fp32:
        return Ops.identity(x=output, name=name)
    return Ops.cast(x=output, dtype="fp32", name=name)


def _write_steadily(package: Path) -> None:
    """Equal models give equal bytes: no random names of a package's parts, no map in the order of its hashes."""
    from coremltools.proto import Model_pb2

    manifest = package / "Manifest.json"
    text = manifest.read_text()
    for random, entry in json.loads(text)["itemInfoEntries"].items():
        text = text.replace(random, str(uuid.uuid5(uuid.NAMESPACE_URL, entry["name"])))
    manifest.write_text(json.dumps(json.loads(text), indent=4, sort_keys=True) + "\n")  # the UUIDs gave the order
    (path,) = package.rglob("*.mlmodel")
    model = Model_pb2.Model.FromString(path.read_bytes())
    model.description.metadata.Clear()  # it has the date in it
    path.write_bytes(model.SerializeToString(deterministic=True))
    for part in package.rglob("*"):
        part.chmod(0o755 if part.is_dir() else 0o644)  # coremltools leaves some to their owner alone
