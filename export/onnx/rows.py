"""ONNX graphs over rows, (row, width): integer products by a quantisation of each row, and float ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cloud.ranking.model import RankingModel
from compress.integer_layers import QuantisedEmbedding, QuantisedLinear
from export.onnx.graph import Graph, array_of, flat


@dataclass
class Rows(Graph[RankingModel]):
    """A graph of the ranking model. Float weights are stored as torch has them, (outputs, inputs)."""

    def axis(self, number: int) -> str:
        """A constant that names one axis; -1: the last."""
        return self.whole("axis_last" if number < 0 else f"axis_{number}", number)

    def whole(self, name: str, *numbers: int) -> str:
        """A constant of whole numbers, such as the sizes of a shape."""
        return self.constant(name, np.array(numbers, dtype=np.int64))

    def scalar(self, name: str, value: float) -> str:
        return self.constant(name, np.array(value, dtype=np.float32))

    def table(self, name: str, ids: str, output: str) -> None:
        """A look-up of `ids` (row,) in an embedding table: float, or integer rows with a scale each."""
        module = self.model.get_submodule(name)
        weight = self.constant(f"{name}_weight", array_of(module.weight))
        if isinstance(module, QuantisedEmbedding):
            scale = self.constant(f"{name}_scale", array_of(module.scale))
            self.add(f"""{output}_rows = Gather({weight}, {ids})
                         {output}_scales = Gather({scale}, {ids})
                         {output} = DequantizeLinear<axis = 0>({output}_rows, {output}_scales)""")
        else:
            self.add(f"{output} = Gather({weight}, {ids})")

    def linear(self, name: str, inputs: str, output: str) -> None:
        """(row, inputs) -> (row, outputs); `inputs` without a name are none: the bias alone, one row for all."""
        module = self.model.get_submodule(name)
        if not inputs:
            self.add(f"{output} = Unsqueeze({self._bias(name)}, {self.axis(0)})")
        elif isinstance(module, QuantisedLinear):
            self._integer_product(name, module, inputs, output)
        else:
            self.add(f"{output} = Gemm<transB = 1>({inputs}, {self._weight(name)}, {self._bias(name)})")

    def row(self, name: str, inputs: str, output: str, across: bool = True) -> None:
        """A linear layer with one output, in float: (row, inputs) -> (1, row); not `across`: from (inputs, row)."""
        if not inputs:
            self.add(f"{output} = Identity({self._bias(name)})")
        else:
            weight, bias = self._weight(name), self._bias(name)
            self.add(f"{output} = Gemm<transB = {int(across)}>({weight}, {inputs}, {bias})")

    def product(self, name: str, inputs: str, output: str) -> None:
        """A float layer without a bias."""
        self.add(f"{output} = Gemm<transB = 1>({inputs}, {self._weight(name)})")

    def _weight(self, name: str) -> str:
        return self.constant(f"{flat(name)}_weight", array_of(self.model.get_submodule(name).weight))

    def _bias(self, name: str) -> str:
        return self.vector(f"{flat(name)}_bias", array_of(self.model.get_submodule(name).bias))

    def _integer_product(self, name: str, module: QuantisedLinear, inputs: str, output: str) -> None:
        """Each row to 256 levels, an integer product, and back; see edge.engines.arithmetic.levels_of."""
        integers = array_of(module.weight).astype(np.int32).T  # (inputs, outputs)
        weight = self.constant(f"{flat(name)}_weight", (integers + 128).astype(np.uint8))
        scale = self.constant(f"{flat(name)}_scale", array_of(module.scale))
        sums = self.constant(f"{flat(name)}_sums", integers.sum(0).astype(np.float32))
        last, zero, levels = self.axis(-1), self.scalar("zero", 0), self.scalar("levels", 255)
        tiny = self.scalar("tiny", 1e-12)
        self.constant("weight_zero", np.array(128, dtype=np.uint8))
        x = output
        self.add(f"""{x}_min0 = ReduceMin<keepdims = 0>({inputs}, {last})
                     {x}_max0 = ReduceMax<keepdims = 0>({inputs}, {last})
                     {x}_min = Min({x}_min0, {zero})
                     {x}_max = Max({x}_max0, {zero})
                     {x}_range = Sub({x}_max, {x}_min)
                     {x}_step0 = Div({x}_range, {levels})
                     {x}_step = Max({x}_step0, {tiny})
                     {x}_offset0 = Div({x}_min, {x}_step)
                     {x}_offset = Round({x}_offset0)
                     {x}_zero0 = Neg({x}_offset)
                     {x}_zero = Cast<to = 2>({x}_zero0)
                     {x}_levels = QuantizeLinear<axis = 0>({inputs}, {x}_step, {x}_zero)
                     {x}_integer = MatMulInteger({x}_levels, {weight}, , weight_zero)
                     {x}_float = Cast<to = 1>({x}_integer)
                     {x}_offsets = Unsqueeze({x}_offset, {last})
                     {x}_steps = Unsqueeze({x}_step, {last})
                     {x}_correction = Mul({x}_offsets, {sums})
                     {x}_centred = Add({x}_float, {x}_correction)
                     {x}_by_row = Mul({x}_centred, {x}_steps)
                     {x}_product = Mul({x}_by_row, {scale})
                     {output} = Add({x}_product, {self._bias(name)})""")
