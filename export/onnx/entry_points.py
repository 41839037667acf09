"""The edge graph for ONNX Runtime: four small graphs with dynamic shapes, no weight in two of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from torch import nn

from cloud.model import Encoder
from compress.integer_layers import QuantisedLinear
from edge.engines.onnx import ENTRY_POINTS
from edge.errors import EdgeError
from export.onnx.graph import Graph
from export.weights import faults, is_int8, require_shared, weights_of


def export_onnx(model: Encoder, directory: Path) -> None:
    """Write the graphs of a float or an int8 encoder into `directory`."""
    require_shared(model.config)
    directory.mkdir(parents=True, exist_ok=True)
    graphs = {"embed": _embed, "place": _place, "layer": _layer, "head": _head}
    for name in ENTRY_POINTS:
        (directory / f"{name}.onnx").write_bytes(graphs[name](model).SerializeToString())


def _embed(model: Encoder) -> onnx.ModelProto:
    graph = Graph(model)
    embed(graph, "hidden")
    width = model.config.hidden_size
    return graph.build("embed", f"(int32[t] ids, int32[t] positions) => (float[t, {width}] hidden)")


def embed(graph: Graph[Encoder], output: str) -> None:
    """ "ids" and "positions" -> `output`, one dimension more."""
    graph.table("token", "ids", "tokens")
    graph.table("position", "positions", "places")
    graph.add("both = Add(tokens, places)")
    factorised = graph.model.config.embedding_size != graph.model.config.hidden_size
    graph.norm("embedding_norm", "both", "narrow" if factorised else output)
    if factorised:
        graph.linear("widen", "narrow", output)


def _place(model: Encoder) -> onnx.ModelProto:
    graph = Graph(model)
    graph.table("slot", "slots", "place")
    graph.add("placed = Add(hidden, place)")
    width = model.config.hidden_size
    return graph.build("place", f"(float[t, {width}] hidden, int32[t] slots) => (float[t, {width}] placed)")


def _head(model: Encoder) -> onnx.ModelProto:
    graph = Graph(model)
    head(graph, "hidden")
    return graph.build("head", f"(float[n, {model.config.hidden_size}] hidden) => (float[n] score)")


def head(graph: Graph[Encoder], inputs: str) -> None:
    """`inputs` (n, hidden) -> "score" (n,)"""
    graph.norm("head_norm", inputs, "scored")
    graph.linear("head", "scored", "column")
    graph.add("score = Squeeze(column, column_axis)")
    graph.constant("column_axis", np.array([-1], dtype=np.int64))


def _layer(model: Encoder) -> onnx.ModelProto:
    """Users and candidates alike: n sequences of c tokens look at u tokens of a user and at their own.

    Every token gives keys and values; only the q of each sequence that `rows` names look, and are stepped.
    """
    width, heads = model.config.hidden_size, model.config.heads
    graph = Graph(model)
    graph.constant("last_axis", np.array([-1], dtype=np.int64))
    graph.constant("head_axis", np.array([1], dtype=np.int64))
    graph.constant("query_part", np.array([1, 0], dtype=np.int64))
    keys_values(graph)
    graph.add("""places = Unsqueeze(rows, last_axis)
                 query_places = Mul(places, query_part)
                 queries0 = GatherND<batch_dims = 1>(parted, query_places)
                 looking = GatherND<batch_dims = 1>(hidden, places)""")
    queries(graph)
    graph.add("""user_turned = Transpose<perm = [0, 2, 1]>(user_keys)
                 user_looks0 = MatMul(queries, user_turned)
                 user_looks = Add(user_looks0, user_mask)
                 own_turned = Transpose<perm = [0, 1, 3, 2]>(keys)
                 own_looks0 = MatMul(queries, own_turned)
                 own_masks = Unsqueeze(own_mask, head_axis)
                 own_looks = Add(own_looks0, own_masks)
                 looks = Concat<axis = -1>(user_looks, own_looks)
                 weights = Softmax<axis = -1>(looks)
                 user_shape = Shape(user_mask)
                 own_shape = Shape<start = -1>(own_mask)
                 parts = Concat<axis = 0>(user_shape, own_shape)
                 user_weights, own_weights = Split<axis = -1>(weights, parts)
                 from_user = MatMul(user_weights, user_values)
                 from_own = MatMul(own_weights, values)
                 attended = Add(from_user, from_own)""")
    finish(graph, "looking")
    own, user = f"float[n, {heads}, c, {width // heads}]", f"float[{heads}, u, {width // heads}]"
    return graph.build(
        "layer",
        f"(float[n, c, {width}] hidden, int64[n, q] rows, float[m, q, c] own_mask, {user} user_keys, "
        f"{user} user_values, float[u] user_mask) => (float[n, q, {width}] stepped, {own} keys, {own} values)",
    )


def keys_values(graph: Graph[Encoder]) -> None:
    """ "hidden" (n, c, hidden) -> "parted" (n, c, 3, heads, head width), and of it "keys" and "values" by head."""
    width, heads = graph.model.config.hidden_size, graph.model.config.heads
    graph.constant("split", np.array([0, 0, 3, heads, width // heads], dtype=np.int64))
    graph.constant("key_part", np.array(1, dtype=np.int64))
    graph.constant("value_part", np.array(2, dtype=np.int64))
    graph.norm("layers.0.attention_norm", "hidden", "normed")
    graph.linear("layers.0.attention_in", "normed", "projected")
    graph.add("""parted = Reshape(projected, split)
                 keys0 = Gather<axis = 2>(parted, key_part)
                 values0 = Gather<axis = 2>(parted, value_part)
                 keys = Transpose<perm = [0, 2, 1, 3]>(keys0)
                 values = Transpose<perm = [0, 2, 1, 3]>(values0)""")


def queries(graph: Graph[Encoder]) -> None:
    """ "queries0" (n, q, heads, head width) -> "queries", by head and divided by the root of their width."""
    width = graph.model.config.hidden_size // graph.model.config.heads
    graph.constant("root", np.array(width**-0.5, dtype=np.float32))
    graph.add("""queries1 = Transpose<perm = [0, 2, 1, 3]>(queries0)
                 queries = Mul(queries1, root)""")


def finish(graph: Graph[Encoder], looking: str) -> None:
    """`looking` (n, q, hidden) and "attended" (n, heads, q, head width) -> "stepped": projection and feed-forward."""
    graph.constant("joined", np.array([0, 0, graph.model.config.hidden_size], dtype=np.int64))
    graph.add("""attended1 = Transpose<perm = [0, 2, 1, 3]>(attended)
                 attended2 = Reshape(attended1, joined)""")
    graph.linear("layers.0.attention_out", "attended2", "mixed")
    graph.add(f"middle = Add({looking}, mixed)")
    graph.norm("layers.0.feed_forward_norm", "middle", "middle_normed")
    graph.linear("layers.0.feed_forward_in", "middle_normed", "inner0")
    graph.add("inner = Gelu(inner0)")
    graph.linear("layers.0.feed_forward_out", "inner", "outer")
    graph.add("stepped = Add(middle, outer)")


def check_onnx(directory: Path, model: Encoder) -> int:
    """The bytes of all constants; refuses weights that are not those of `model`, each once, and int8 if its are."""
    return check_files([directory / f"{name}.onnx" for name in ENTRY_POINTS], model)


def check_files(paths: Sequence[Path], model: Encoder) -> int:
    """The same of any files that together hold the model."""
    contents: list[bytes] = []
    weights: list[bytes] = []
    float_weights: list[str] = []
    for path in paths:
        graphs = list(_with_bodies(onnx.load(str(path)).graph))
        tensors = [tensor for graph in graphs for tensor in graph.initializer]
        constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in tensors}
        used = sorted({name for graph in graphs for name in _weight_names(graph, constants)})
        weights += [constants[key].tobytes() for key in used]
        float_weights += [f"{path.stem}.{key}" for key in used if constants[key].dtype.kind == "f"]
        contents += [numpy_helper.to_array(tensor).tobytes() for tensor in tensors]
    wrong = faults({name: _as_stored(name, model) for name in weights_of(model)}, weights)
    wrong += [fault for fault in faults({}, contents) if "twice" in fault and fault not in wrong]
    if is_int8(model) and float_weights:
        wrong.append(f"float weights: {', '.join(float_weights)}")
    if wrong:
        raise EdgeError("the ONNX graphs are not fit to ship", evidence="; ".join(wrong))
    return sum(map(len, contents))


def _with_bodies(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """A graph and those inside its nodes, such as the body of a loop."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from _with_bodies(attribute.g)


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
    if isinstance(module, QuantisedLinear):
        return (weight.astype(np.int32).T + 128).astype(np.uint8).tobytes()
    return weight.T.tobytes() if isinstance(module, nn.Linear) else weight.tobytes()
