"""The edge graph for ONNX Runtime: four small graphs with dynamic shapes, no weight in two of them.

int8 is written out here rather than left to a quantiser: weights keep the very integers of the int8 stage, and
activations get one scale and zero point per token, so that a score never depends on what else is in the batch.
Weights are stored as uint8 with zero point 128, because ONNX Runtime's uint8 x int8 product saturates on x86
processors without VNNI.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper, parser
from torch import nn

from cloud.model import Encoder
from compress.int8 import Int8Embedding, Int8Linear
from edge.backends.onnx import ENTRY_POINTS
from edge.errors import EdgeError
from export.weights import faults, is_int8, require_shared, weights_of

HEADER = '<ir_version: 10, opset_import: ["" : 21]>'


@dataclass
class _Graph:
    """Lines of ONNX's textual syntax, and the weights that they name."""

    model: Encoder
    lines: list[str] = field(default_factory=list)
    weights: dict[str, np.ndarray] = field(default_factory=dict)

    def constant(self, name: str, value: np.ndarray) -> str:
        self.weights[name] = value
        return name

    def add(self, text: str) -> None:
        self.lines += [line.strip() for line in text.strip().splitlines()]

    def table(self, name: str, ids: str, output: str) -> None:
        """A look-up in an embedding table: float, or int8 rows with a scale each."""
        module = self.model.get_submodule(name)
        weight = self.constant(f"{name}_weight", _numpy(module.weight))
        if isinstance(module, Int8Embedding):
            scale = self.constant(f"{name}_scale", _numpy(module.scale)[:, None])
            self.add(f"""{output}_rows = Gather({weight}, {ids})
                         {output}_levels = Cast<to = 1>({output}_rows)
                         {output}_scales = Gather({scale}, {ids})
                         {output} = Mul({output}_levels, {output}_scales)""")
        else:
            self.add(f"{output} = Gather({weight}, {ids})")

    def norm(self, name: str, inputs: str, output: str) -> None:
        module = self.model.get_submodule(name)
        gain = self.constant(f"{_flat(name)}_gain", _numpy(module.weight))
        bias = self.constant(f"{_flat(name)}_bias", _numpy(module.bias))
        self.add(f"{output} = LayerNormalization<axis = -1, epsilon = 1e-5>({inputs}, {gain}, {bias})")

    def linear(self, name: str, inputs: str, output: str) -> None:
        module = self.model.get_submodule(name)
        bias = self.constant(f"{_flat(name)}_bias", _numpy(module.bias))
        if isinstance(module, Int8Linear):
            self._int8_product(_flat(name), module, inputs, output)
        else:
            weight = self.constant(f"{_flat(name)}_weight", _numpy(module.weight).T.copy())
            self.add(f"{output}_product = MatMul({inputs}, {weight})")
        self.add(f"{output} = Add({output}_product, {bias})")

    def _int8_product(self, name: str, module: Int8Linear, inputs: str, output: str) -> None:
        """Activations to 256 levels per row, an integer product, and back; see compress.int8."""
        integers = _numpy(module.weight).astype(np.int32).T  # (inputs, outputs)
        weight = self.constant(f"{name}_weight", (integers + 128).astype(np.uint8))
        scale = self.constant(f"{name}_scale", _numpy(module.scale))
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
                     {x}_scaled = Div({inputs}, {x}_step)
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

    def build(self, name: str, signature: str) -> onnx.ModelProto:
        model = parser.parse_model("\n".join([HEADER, f"{name} {signature}", "{", *self.lines, "}"]))
        model.graph.initializer.extend(numpy_helper.from_array(value, key) for key, value in self.weights.items())
        onnx.checker.check_model(model)
        return model


def export_onnx(model: Encoder, directory: Path) -> None:
    """Write the graphs of a float or an int8 encoder into `directory`."""
    require_shared(model.config)
    directory.mkdir(parents=True, exist_ok=True)
    graphs = {"embed": _embed, "place": _place, "layer": _layer, "head": _head}
    for name in ENTRY_POINTS:
        (directory / f"{name}.onnx").write_bytes(graphs[name](model).SerializeToString())


def _embed(model: Encoder) -> onnx.ModelProto:
    graph = _Graph(model)
    graph.table("token", "ids", "tokens")
    graph.table("position", "positions", "places")
    graph.add("both = Add(tokens, places)")
    factorised = model.config.embedding_size != model.config.hidden_size
    graph.norm("embedding_norm", "both", "narrow" if factorised else "hidden")
    if factorised:
        graph.linear("widen", "narrow", "hidden")
    width = model.config.hidden_size
    return graph.build("embed", f"(int32[t] ids, int32[t] positions) => (float[t, {width}] hidden)")


def _place(model: Encoder) -> onnx.ModelProto:
    graph = _Graph(model)
    graph.table("slot", "slots", "place")
    graph.add("placed = Add(hidden, place)")
    width = model.config.hidden_size
    return graph.build("place", f"(float[t, {width}] hidden, int32[t] slots) => (float[t, {width}] placed)")


def _head(model: Encoder) -> onnx.ModelProto:
    graph = _Graph(model)
    graph.norm("head_norm", "hidden", "normed")
    graph.linear("head", "normed", "column")
    graph.add("score = Squeeze(column, column_axis)")
    graph.constant("column_axis", np.array([-1], dtype=np.int64))
    return graph.build("head", f"(float[n, {model.config.hidden_size}] hidden) => (float[n] score)")


def _layer(model: Encoder) -> onnx.ModelProto:
    """Users and candidates alike: n sequences of c tokens look at u tokens of a user and at their own."""
    width, heads = model.config.hidden_size, model.config.heads
    head = width // heads
    graph = _Graph(model)
    graph.constant("split", np.array([0, 0, 3, heads, head], dtype=np.int64))
    graph.constant("joined", np.array([0, 0, width], dtype=np.int64))
    graph.constant("root", np.array(head**-0.5, dtype=np.float32))
    graph.constant("first", np.array([0], dtype=np.int64))
    graph.norm("layers.0.attention_norm", "hidden", "normed")
    graph.linear("layers.0.attention_in", "normed", "projected")
    graph.add("""parted = Reshape(projected, split)
                 turned = Transpose<perm = [2, 0, 3, 1, 4]>(parted)
                 queries1, keys1, values1 = Split<axis = 0, num_outputs = 3>(turned)
                 queries0 = Squeeze(queries1, first)
                 keys = Squeeze(keys1, first)
                 values = Squeeze(values1, first)
                 queries = Mul(queries0, root)
                 user_turned = Transpose<perm = [0, 2, 1]>(user_keys)
                 user_looks0 = MatMul(queries, user_turned)
                 user_looks = Add(user_looks0, user_mask)
                 own_turned = Transpose<perm = [0, 1, 3, 2]>(keys)
                 own_looks0 = MatMul(queries, own_turned)
                 own_looks = Add(own_looks0, own_mask)
                 looks = Concat<axis = -1>(user_looks, own_looks)
                 weights = Softmax<axis = -1>(looks)
                 user_shape = Shape(user_mask)
                 own_shape = Shape<start = -1>(own_mask)
                 parts = Concat<axis = 0>(user_shape, own_shape)
                 user_weights, own_weights = Split<axis = -1>(weights, parts)
                 from_user = MatMul(user_weights, user_values)
                 from_own = MatMul(own_weights, values)
                 attended0 = Add(from_user, from_own)
                 attended1 = Transpose<perm = [0, 2, 1, 3]>(attended0)
                 attended = Reshape(attended1, joined)""")
    graph.linear("layers.0.attention_out", "attended", "mixed")
    graph.add("middle = Add(hidden, mixed)")
    graph.norm("layers.0.feed_forward_norm", "middle", "middle_normed")
    graph.linear("layers.0.feed_forward_in", "middle_normed", "inner0")
    graph.add("inner = Gelu(inner0)")
    graph.linear("layers.0.feed_forward_out", "inner", "outer")
    graph.add("stepped = Add(middle, outer)")
    sequences, own = f"float[n, c, {width}]", f"float[n, {heads}, c, {head}]"
    user = f"float[{heads}, u, {head}]"
    return graph.build(
        "layer",
        f"({sequences} hidden, float[c, c] own_mask, {user} user_keys, {user} user_values, float[u] user_mask) "
        f"=> ({sequences} stepped, {own} keys, {own} values)",
    )


def check_onnx(directory: Path, model: Encoder) -> int:
    """The bytes of all constants; refuses weights that are not those of `model`, each once, and int8 if its are."""
    contents: list[bytes] = []
    weights: list[bytes] = []
    float_weights: list[str] = []
    for name in ENTRY_POINTS:
        graph = onnx.load(str(directory / f"{name}.onnx")).graph
        constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
        used = sorted(set(_weight_names(graph, constants)))
        weights += [constants[key].tobytes() for key in used]
        float_weights += [f"{name}.{key}" for key in used if constants[key].dtype.kind == "f"]
        contents += [value.tobytes() for value in constants.values()]
    wrong = faults({name: _as_stored(name, model) for name in weights_of(model)}, weights)
    wrong += [fault for fault in faults({}, contents) if "twice" in fault and fault not in wrong]
    if is_int8(model) and float_weights:
        wrong.append(f"float weights: {', '.join(float_weights)}")
    if wrong:
        raise EdgeError("the ONNX graphs are not fit to ship", evidence="; ".join(wrong))
    return sum(map(len, contents))


def _weight_names(graph: onnx.GraphProto, constants: dict[str, np.ndarray]) -> Iterator[str]:
    """Constants that a product multiplies with or a look-up reads rows of; a table's scales are one column."""
    for node in graph.node:
        place = {"MatMul": 1, "Gemm": 1, "MatMulInteger": 1, "Gather": 0}.get(node.op_type)
        if place is not None and node.input[place] in constants:
            name = node.input[place]
            if node.op_type != "Gather" or constants[name].shape[-1] > 1:
                yield name


def _as_stored(name: str, model: Encoder) -> bytes:
    """A weight's bytes as the graphs hold them: products transposed, int8 ones of products moved up by 128."""
    weight = weights_of(model)[name]
    module = model.get_submodule(name)
    if isinstance(module, Int8Linear):
        return (weight.astype(np.int32).T + 128).astype(np.uint8).tobytes()
    return weight.T.tobytes() if isinstance(module, nn.Linear) else weight.tobytes()


def _flat(name: str) -> str:
    return name.replace("layers.0.", "").replace(".", "_")


def _numpy(tensor: object) -> np.ndarray:
    return np.asarray(tensor.detach().cpu().numpy())  # type: ignore[attr-defined]
