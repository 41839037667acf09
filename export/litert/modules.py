"""Tables, norms and linear layers in LiteRT, from torch's modules: one definition for float, 8 and 4 bits.

Rows are (tokens, width), so that every product with weights is one matrix product. Integer products take float
activations, which the engine rounds to 8 bits per token, as compress.integer_layers does.
"""

from __future__ import annotations

import numpy as np
from torch import Tensor, nn

from compress.integer_layers import QuantisedEmbedding, QuantisedLinear
from export.litert.file import FLOAT32, INT4, INT8, Graph, Value
from export.litert.operators import binary, cast, gather, number, reduce, unary

EPSILON = 1e-5  # torch's, of a layer norm

# The first versions of an operator that know these weights: older runtimes refuse them, where they would be wrong.
PRODUCT_VERSIONS = {FLOAT32: 5, INT8: 12, INT4: 13}
GATHER_VERSIONS = {FLOAT32: 1, INT8: 2, INT4: 7}
CAST_VERSIONS = {INT8: 3, INT4: 6}


def embed(graph: Graph, model: nn.Module, ids: Value, positions: Value) -> Value:
    """(tokens,), (tokens,) -> (tokens, width)"""
    rows = [table(graph, model.get_submodule(name), of) for name, of in (("token", ids), ("position", positions))]
    normed = norm(graph, model.get_submodule("embedding_norm"), binary(graph, "ADD", *rows))
    widen = model.get_submodule("widen")
    return normed if isinstance(widen, nn.Identity) else linear(graph, widen, normed)


def table(graph: Graph, module: nn.Module, ids: Value) -> Value:
    """(tokens,) -> (tokens, columns): rows of an embedding table, times their scales if they are integers."""
    weight = array_of(module.weight)
    if not isinstance(module, QuantisedEmbedding):
        return gather(graph, graph.constant(weight), ids)
    levels = graph.constant(weight, bits=module.bits)
    rows = cast(graph, gather(graph, levels, ids, GATHER_VERSIONS[levels.type]), FLOAT32, CAST_VERSIONS[levels.type])
    scales = gather(graph, graph.constant(array_of(module.scale)[:, None]), ids)
    return binary(graph, "MUL", rows, scales)


def norm(graph: Graph, module: nn.Module, rows: Value) -> Value:
    """A layer norm over the last axis; a gain of one and a bias of zero, as folding leaves them, are left out."""
    centred = binary(graph, "SUB", rows, reduce(graph, "MEAN", rows))
    variance = reduce(graph, "MEAN", binary(graph, "MUL", centred, centred))
    steady = binary(graph, "ADD", variance, number(graph, EPSILON))
    normed = binary(graph, "MUL", centred, unary(graph, "RSQRT", steady))
    gain, bias = array_of(module.weight), array_of(module.bias)
    if (gain != 1).any():
        normed = binary(graph, "MUL", normed, graph.constant(gain))
    return binary(graph, "ADD", normed, graph.constant(bias)) if bias.any() else normed


def linear(graph: Graph, module: nn.Module, rows: Value) -> Value:
    """(tokens, inputs) -> (tokens, outputs)"""
    weight, bias = array_of(module.weight), array_of(module.bias)
    if isinstance(module, QuantisedLinear):
        return fully_connected(graph, graph.constant(weight, module.bits, array_of(module.scale)), bias, rows)
    return fully_connected(graph, graph.constant(weight), bias, rows)


def fully_connected(graph: Graph, weight: Value, bias: np.ndarray | None, rows: Value) -> Value:
    """(tokens, inputs) times a constant (outputs, inputs), plus (outputs,) if there is a bias."""
    return graph.add(
        "FULLY_CONNECTED",
        [rows, weight] if bias is None else [rows, weight, graph.constant(bias)],
        (rows.shape[0], weight.shape[0]),
        version=PRODUCT_VERSIONS[weight.type],
        keepNumDims=True,
        asymmetricQuantizeInputs=weight.type != FLOAT32,
    )


def array_of(tensor: object) -> np.ndarray:
    """A parameter's values."""
    assert isinstance(tensor, Tensor)
    return np.asarray(tensor.detach().cpu().numpy())
