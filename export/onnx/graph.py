"""ONNX graphs as text: what the builders of graphs share.

int8 is written out here rather than left to a quantiser: weights keep the very integers of the int8 stage, and
activations get one scale and zero point per token, so that a score never depends on what else is in the batch.
Weights are stored as uint8 with zero point 128, because ONNX Runtime's uint8 x int8 product saturates on x86
processors without VNNI. Weights of 4 bits are stored alike: ONNX Runtime has no integer product for fewer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, Self, TypeVar

import numpy as np
import onnx
from onnx import numpy_helper, parser
from torch import nn

from compress.integer_layers import QuantisedEmbedding, QuantisedLinear

Model = TypeVar("Model", bound=nn.Module)
HEADER = '<ir_version: 10, opset_import: ["" : 21]>'


@dataclass
class Graph(Generic[Model]):
    """Lines of ONNX's textual syntax, and the weights that they name."""

    model: Model
    lines: list[str] = field(default_factory=list)
    weights: dict[str, np.ndarray] = field(default_factory=dict)
    units: set[str] = field(default_factory=set)  # gains and biases that a line has made

    def constant(self, name: str, value: np.ndarray) -> str:
        """Add a constant, which is stored outside the graph; returns its name."""
        self.weights[name] = value
        return name

    def vector(self, name: str, value: np.ndarray) -> str:
        """A gain or bias. One that says the same of every unit, as folded norms do, is made when the graph is read."""
        if value.size == 1 or value.min() < value.max():
            return self.constant(name, value)
        if name not in self.units:
            length = self.constant(f"units_{len(value)}", np.array([len(value)], dtype=np.int64))
            self.add(f"{name} = ConstantOfShape<value = float[1] {{{value[0]}}}>({length})")
            self.units.add(name)
        return name

    def add(self, text: str) -> None:
        """Append lines in ONNX's text syntax."""
        self.lines += [line.strip() for line in text.strip().splitlines()]

    def table(self, name: str, ids: str, output: str) -> None:
        """A look-up in an embedding table: float, or int8 rows with a scale each."""
        module = self.model.get_submodule(name)
        weight = self.constant(f"{name}_weight", array_of(module.weight))
        if isinstance(module, QuantisedEmbedding):
            scale = self.constant(f"{name}_scale", array_of(module.scale)[:, None])
            self.add(f"""{output}_rows = Gather({weight}, {ids})
                         {output}_levels = Cast<to = 1>({output}_rows)
                         {output}_scales = Gather({scale}, {ids})
                         {output} = Mul({output}_levels, {output}_scales)""")
        else:
            self.add(f"{output} = Gather({weight}, {ids})")

    def norm(self, name: str, inputs: str, output: str) -> None:
        """Append layer normalisation with the weights of this name."""
        module = self.model.get_submodule(name)
        gain = self.vector(f"{flat(name)}_gain", array_of(module.weight))
        bias = self.vector(f"{flat(name)}_bias", array_of(module.bias))
        self.add(f"{output} = LayerNormalization<axis = -1, epsilon = 1e-5>({inputs}, {gain}, {bias})")

    def linear(self, name: str, inputs: str, output: str) -> None:
        """Append a linear layer with the weights of this name: an integer product if they are quantised."""
        module = self.model.get_submodule(name)
        bias = self.vector(f"{flat(name)}_bias", array_of(module.bias))
        if isinstance(module, QuantisedLinear):
            self._int8_product(flat(name), module, inputs, output)
        else:
            weight = self.constant(f"{flat(name)}_weight", array_of(module.weight).T.copy())
            self.add(f"{output}_product = MatMul({inputs}, {weight})")
        self.add(f"{output} = Add({output}_product, {bias})")

    def _int8_product(self, name: str, module: QuantisedLinear, inputs: str, output: str) -> None:
        """Activations to 256 levels per row, an integer product, and back; see compress.integers."""
        integers = array_of(module.weight).astype(np.int32).T  # (inputs, outputs)
        weight = self.constant(f"{name}_weight", (integers + 128).astype(np.uint8))
        scale = self.constant(f"{name}_scale", array_of(module.scale))
        sums = self.constant(f"{name}_sums", integers.sum(0).astype(np.float32))
        for constant, value in (("zero", 0.0), ("least_level", 0.0), ("levels", 255.0), ("tiny", 1e-12)):
            self.constant(constant, np.array(value, dtype=np.float32))
        self.constant("weight_zero", np.array(128, dtype=np.uint8))
        self.constant("last_axis", np.array([-1], dtype=np.int64))
        x = output
        self.add(f"""{x}_min0 = ReduceMin({inputs}, last_axis)
                     {x}_max0 = ReduceMax({inputs}, last_axis)
                     {x}_min = Min({x}_min0, zero)
                     {x}_max = Max({x}_max0, zero)
                     {x}_range = Sub({x}_max, {x}_min)
                     {x}_step0 = Div({x}_range, levels)
                     {x}_step = Max({x}_step0, tiny)
                     {x}_offset0 = Div({x}_min, {x}_step)
                     {x}_offset1 = Neg({x}_offset0)
                     {x}_offset = Round({x}_offset1)
                     {x}_per_step = Reciprocal({x}_step)
                     {x}_scaled = Mul({inputs}, {x}_per_step)
                     {x}_rounded = Round({x}_scaled)
                     {x}_shifted = Add({x}_rounded, {x}_offset)
                     {x}_clipped = Clip({x}_shifted, least_level, levels)
                     {x}_levels = Cast<to = 2>({x}_clipped)
                     {x}_integer = MatMulInteger({x}_levels, {weight}, , weight_zero)
                     {x}_float = Cast<to = 1>({x}_integer)
                     {x}_correction = Mul({x}_offset, {sums})
                     {x}_centred = Sub({x}_float, {x}_correction)
                     {x}_by_row = Mul({x}_centred, {x}_step)
                     {x}_product = Mul({x}_by_row, {scale})""")

    def body(self) -> Self:
        """A graph to fill whose weights are this one's."""
        return type(self)(self.model, weights=self.weights, units=set(self.units))

    def loop(self, output: str, inputs: str, body: Graph[Model], signature: str) -> None:
        """`body` repeated; `inputs` are how often, whether to begin, and the first state."""
        self.add(f"{output} = Loop<body = step {signature} {{")
        self.lines += [*body.lines, f"}}>({inputs})"]

    def parsed(self, name: str, signature: str) -> onnx.ModelProto:
        """The graph without its weights."""
        return parser.parse_model("\n".join([HEADER, f"{name} {signature}", "{", *self.lines, "}"]))

    def build(self, name: str, signature: str) -> onnx.ModelProto:
        """The checked model; `signature` declares inputs and outputs in ONNX's text syntax."""
        model = self.parsed(name, signature)
        model.graph.initializer.extend(numpy_helper.from_array(value, key) for key, value in self.weights.items())
        onnx.checker.check_model(model)
        return model


def flat(name: str) -> str:
    """A module's name as the graphs' names can hold it."""
    return name.replace("layers.0.", "").replace(".", "_")


def array_of(tensor: object) -> np.ndarray:
    """The values of a torch tensor, as a numpy array on the CPU."""
    return np.asarray(tensor.detach().cpu().numpy())  # type: ignore[attr-defined]
