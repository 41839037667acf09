"""What a Core ML package holds, read back from its program and weight file; nothing is run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from compress.integer_layers import QuantisedEmbedding, QuantisedLinear
from edge.errors import EdgeError
from export.coreml.forms import array, half
from export.coreml.simulator.stored import MilPackage, Tensor
from export.weights import faults

INTEGERS = {"linear": "weight", "gather": "x", "matmul": "y"}  # an operation that weights enter, and by which input
Block = Any  # of MIL's protobuf


@dataclass(frozen=True)
class CoreMlFacts:
    """Weights by their place in the file: two functions that read one place are one entry."""

    functions: tuple[str, ...]
    weight_bytes: int  # of the weight file
    unique_ratio: float  # of the bytes that are distinct to all that are stored
    float_weights: tuple[str, ...]
    operations: dict[str, int]  # kind -> how many, without constants
    weights: tuple[bytes, ...] = field(repr=False)  # int8 row by row, then the scales in float16
    floats: tuple[bytes, ...] = field(repr=False)  # content of the float weights
    blobs: tuple[bytes, ...] = field(repr=False)


def inspect_coreml(package: Path) -> CoreMlFacts:
    """Read every constant that a product multiplies with or a look-up reads rows of."""
    opened = MilPackage(package)
    weights: dict[tuple[int | bytes, ...], bytes] = {}
    floats: dict[int | bytes, bytes] = {}
    names: list[str] = []
    kinds: Counter[str] = Counter()
    for function, block in opened.functions.items():
        kinds.update(operation.type for operation in _operations(block) if not operation.type.startswith("const"))
        constants = {output.name: operation for operation in _operations(block) for output in operation.outputs}
        for name in _weight_names(block, constants):
            if constants[name].type == "const":
                names.append(f"{function}.{name}")
                value = _parts(opened, constants[name])["val"]
                content = value.value.tobytes()
                floats[content if value.blob is None else value.blob] = content
            else:
                place, content = _weight(opened, constants[name], constants)
                weights[place] = content
    blobs = tuple(opened.blob(offset) for offset in opened.blobs())
    total = sum(map(len, blobs))
    return CoreMlFacts(
        functions=tuple(opened.functions),
        weight_bytes=len(opened.data),
        unique_ratio=sum(map(len, set(blobs))) / max(total, 1),
        float_weights=tuple(names),
        operations=dict(kinds),
        weights=tuple(weights.values()),
        floats=tuple(floats.values()),
        blobs=blobs,
    )


def refuse_unfit(facts: CoreMlFacts, wrong: list[str]) -> None:
    """Errors: any of the faults `wrong`, or something large that stands in the weight file twice."""
    twice = [fault for fault in faults({}, facts.blobs) if "twice" in fault and "twice" not in "".join(wrong)]
    if wrong or twice:
        raise EdgeError("the Core ML package failed a check", evidence="; ".join([*wrong, *twice]))


def stored(name: str, module: nn.Module, precise: bool = False) -> bytes:
    """A weight's bytes: integers and their scales in float16, or the float weight, in float32 if it is `precise`."""
    weight = array(module.weight)
    if isinstance(module, QuantisedEmbedding | QuantisedLinear):
        return weight.tobytes() + half(name, array(module.scale)).tobytes()
    return weight.astype(np.float32).tobytes() if precise else half(name, weight).tobytes()


def _operations(block: Block) -> Iterator[Any]:
    for operation in block.operations:
        yield operation
        for inner in operation.blocks:
            yield from _operations(inner)


def _weight_names(block: Block, constants: dict[str, Any]) -> Iterator[str]:
    for operation in _operations(block):
        if operation.type in INTEGERS:
            name = operation.inputs[INTEGERS[operation.type]].arguments[0].name
            if name in constants and constants[name].type.startswith("const"):
                yield name


def _weight(package: MilPackage, operation: Any, constants: dict[str, Any]) -> tuple[tuple[int | bytes, ...], bytes]:
    """Where the integers of a dequantised constant lie, and they themselves with their scales."""
    parts = _parts(package, operation)
    if operation.type == "constexpr_sparse_to_dense":
        parts = _parts(package, constants[operation.inputs["nonzero_data"].arguments[0].name])
    scale = parts["scale"]
    if "data_mask" in parts:
        mask = parts["data_mask"].value
        integers = np.zeros(mask.shape, dtype=np.int8)
        integers[mask != 0] = parts["nonzero_data"].value
        read = [parts["data_mask"], parts["nonzero_data"], scale]
    else:
        dense = parts["data"] if "data" in parts else parts["quantized_data"]
        integers, read = dense.value, [dense, scale]
    place = tuple(one.value.tobytes() if one.blob is None else one.blob for one in read)
    return place, integers.tobytes() + scale.value.tobytes()


def _parts(package: MilPackage, operation: Any) -> dict[str, Tensor]:
    """The constants that a constexpr operation is made of; iOS 16 has them as attributes, iOS 18 as inputs."""
    found = {name: value for name, value in operation.attributes.items() if name != "name"}
    for name, argument in operation.inputs.items():
        if argument.arguments[0].WhichOneof("binding") == "value":
            found[name] = argument.arguments[0].value
    return {name: package.tensor(value) for name, value in found.items()}
