"""Runs a Core ML package with numpy, so that what was written is checked where Core ML itself does not exist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from edge.errors import EdgeError
from export.coreml.simulator.operations import MOVES, OPERATIONS
from export.coreml.simulator.stored import MilPackage

Arithmetic = Literal["program", "float16", "float32"]
Arrays = dict[str, tuple[str, tuple[int, ...]]]  # name -> "float32" or "int32", size
FLOATS = {
    "program": frozenset({"FLOAT16"}),
    "float16": frozenset({"FLOAT16", "FLOAT32"}),
    "float32": frozenset[str](),
}  # the element types whose values are rounded to float16 when they have been computed


@dataclass(frozen=True)
class Step:
    """An operation, ready to run: its arguments are values or names of values."""

    kind: str
    inputs: dict[str, list[np.ndarray | str]]
    outputs: list[tuple[str, bool]]  # name, whether it is rounded to float16
    blocks: list[Block]
    many: bool  # an argument that is a list, as that of concat, stays one


@dataclass(frozen=True)
class Block:
    inputs: list[str]
    outputs: list[str]
    steps: list[Step]


class MilInterpreter:
    """The functions of a package. Products sum in float32, as Core ML's do; every result is then rounded.

    `arithmetic`: as the program has it, everything in float16, or nothing rounded at all.
    """

    def __init__(self, package: Path, arithmetic: Arithmetic = "program") -> None:
        self.package = MilPackage(package)
        self.rounded = FLOATS[arithmetic]
        self.functions = tuple(self.package.functions)
        for block in self.package.functions.values():
            _require_known(block, package)
        self._prepared: dict[str, tuple[Block, dict[str, np.ndarray]]] = {}

    def run(self, function: str, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The outputs by name."""
        try:
            block, constants = self._prepare(function)
            values = constants | {name: self._checked(function, name, inputs) for name in block.inputs}
            return dict(zip(block.outputs, self._run(block, values), strict=True))
        except (KeyError, IndexError, ValueError) as error:  # it names what is not there
            raise self.package.unreadable(f"{function}: {error!r}") from error

    def arrays(self, function: str) -> tuple[Arrays, Arrays]:
        """Type and size of its inputs and of its outputs, by name."""
        block = self.package.functions[function]
        inputs = {one.name: self._array(one.type) for one in self.package.inputs[function]}
        types = {one.name: one.type for operation in block.operations for one in operation.outputs}
        return inputs, {name: self._array(types[name]) for name in block.outputs}

    def _array(self, value_type: Any) -> tuple[str, tuple[int, ...]]:
        sizes = tuple(dimension.constant.size for dimension in value_type.tensorType.dimensions)
        return self.package.kind(value_type).lower(), sizes

    def _prepare(self, function: str) -> tuple[Block, dict[str, np.ndarray]]:
        if function not in self.package.functions:
            raise EdgeError(f"{self.package.path} has no function {function!r}", evidence=", ".join(self.functions))
        if function not in self._prepared:
            constants: dict[str, np.ndarray] = {}
            block = self._read(self.package.functions[function], constants)
            names = [one.name for one in self.package.inputs[function]]
            self._prepared[function] = (Block(names, block.outputs, block.steps), constants)
        return self._prepared[function]

    def _read(self, block: Any, constants: dict[str, np.ndarray]) -> Block:
        """The block's steps; what it declares as constant is evaluated here and now."""
        steps = []
        for operation in block.operations:
            if operation.type == "const":
                constants[operation.outputs[0].name] = self._value(operation.attributes["val"])
                continue
            step = self._step(operation, constants)
            if operation.type.startswith("constexpr_"):
                constants |= self._apply(step, constants)
            else:
                steps.append(step)
        return Block([one.name for one in block.inputs], list(block.outputs), steps)

    def _step(self, operation: Any, constants: dict[str, np.ndarray]) -> Step:
        inputs: dict[str, list[np.ndarray | str]] = {
            name: [one.name or self._value(one.value) for one in argument.arguments]
            for name, argument in operation.inputs.items()
        }
        attributes = operation.attributes.items()  # iOS 16 keeps a constant's parameters there
        inputs |= {name: [self._value(value)] for name, value in attributes if name != "name"}
        rounded = frozenset[str]() if operation.type in MOVES else self.rounded
        outputs = [(one.name, self.package.kind(one.type) in rounded) for one in operation.outputs]
        blocks = [self._read(block, constants) for block in operation.blocks]
        return Step(operation.type, inputs, outputs, blocks, "values" in inputs or "loop_vars" in inputs)

    def _value(self, value: Any) -> np.ndarray:
        tensor = self.package.tensor(value).value
        return tensor.astype(np.float32) if tensor.dtype == np.float16 else tensor

    def _checked(self, function: str, name: str, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        (wanted,) = (one.type for one in self.package.inputs[function] if one.name == name)
        _, shape = self._array(wanted)
        found = inputs.get(name)
        if found is None or found.shape != shape:
            given = "nothing" if found is None else str(found.shape)
            raise EdgeError(f"input {name!r} of {function} takes {shape}, not {given}")
        return found

    def _run(self, block: Block, values: dict[str, np.ndarray]) -> list[np.ndarray]:
        for step in block.steps:
            if step.kind == "while_loop":
                values |= self._repeat(step, values)
            else:
                values |= self._apply(step, values)
        return [values[name] for name in block.outputs]

    def _repeat(self, step: Step, values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        condition, body = step.blocks
        carried = [_look_up(one, values) for one in step.inputs["loop_vars"]]
        while self._run(condition, values | dict(zip(condition.inputs, carried, strict=True)))[0]:
            carried = self._run(body, values | dict(zip(body.inputs, carried, strict=True)))
        return {name: value for (name, _), value in zip(step.outputs, carried, strict=True)}

    def _apply(self, step: Step, values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        listed = {name: [_look_up(one, values) for one in given] for name, given in step.inputs.items()}
        inputs = {name: given if step.many and name == "values" else given[0] for name, given in listed.items()}
        try:
            result = OPERATIONS[step.kind](**inputs)
        except (ValueError, IndexError, TypeError) as error:
            name = step.outputs[0][0]
            raise EdgeError(f"{step.kind} {name!r} of {self.package.path} cannot run", evidence=str(error)) from error
        results = result if isinstance(result, list) else [result]
        pairs = zip(step.outputs, results, strict=True)
        return {name: _rounded(value) if rounded else value for (name, rounded), value in pairs}


def _look_up(argument: np.ndarray | str, values: dict[str, np.ndarray]) -> np.ndarray:
    return values[argument] if isinstance(argument, str) else argument


def _rounded(value: np.ndarray) -> np.ndarray:
    """To the nearest float16, held as float32; torch takes a third of numpy's time for it."""
    return torch.from_numpy(np.asarray(value, order="C")).half().float().numpy()


def _require_known(block: Any, package: Path) -> None:
    for operation in block.operations:
        if operation.type not in OPERATIONS and operation.type not in ("const", "while_loop"):
            known = ", ".join(sorted(OPERATIONS))
            raise EdgeError(
                f"the interpreter has no operation {operation.type!r}, which {package} uses", evidence=known
            )
        for inner in operation.blocks:
            _require_known(inner, package)
