"""The encoder's embedding, norms, linear layers and head in LiteRT: one definition for float, 8 and 4 bits.

Hidden states are (tokens, width), so that every product with weights is one matrix product. Integer products take
float activations, which the engine rounds to 8 bits per token, as compress.integers does.
"""

from __future__ import annotations

import numpy as np
from torch import Tensor

from cloud.model import Encoder
from compress.integer_layers import QuantisedEmbedding, QuantisedLinear
from export.litert.file import FLOAT32, INT4, INT8, Graph, Value
from export.litert.operators import binary, cast, gather, number, reduce, reshape

EPSILON = 1e-5  # torch's, of a layer norm

# The first versions of an operator that know these weights: older runtimes refuse them, where they would be wrong.
PRODUCT_VERSIONS = {FLOAT32: 5, INT8: 12, INT4: 13}
GATHER_VERSIONS = {FLOAT32: 1, INT8: 2, INT4: 7}
CAST_VERSIONS = {INT8: 3, INT4: 6}


def embed(graph: Graph, model: Encoder, ids: Value, positions: Value) -> Value:
    """(tokens,), (tokens,) -> (tokens, width)"""
    both = binary(graph, "ADD", table(graph, model, "token", ids), table(graph, model, "position", positions))
    normed = norm(graph, model, "embedding_norm", both)
    factorised = model.config.embedding_size != model.config.hidden_size
    return linear(graph, model, "widen", normed) if factorised else normed


def place(graph: Graph, model: Encoder, hidden: Value, slots: Value) -> Value:
    """(tokens, width), (tokens,) -> (tokens, width)"""
    return binary(graph, "ADD", hidden, table(graph, model, "slot", slots))


def score(graph: Graph, model: Encoder, hidden: Value) -> Value:
    """(candidates, width) -> (candidates,)"""
    column = linear(graph, model, "head", norm(graph, model, "head_norm", hidden))
    return reshape(graph, column, hidden.shape[0])


def table(graph: Graph, model: Encoder, name: str, ids: Value) -> Value:
    """(tokens,) -> (tokens, columns): rows of an embedding table, times their scales if they are integers."""
    module = model.get_submodule(name)
    weight = _numpy(module.weight)
    if not isinstance(module, QuantisedEmbedding):
        return gather(graph, graph.constant(weight), ids)
    levels = graph.constant(weight, bits=module.bits)
    rows = cast(graph, gather(graph, levels, ids, GATHER_VERSIONS[levels.type]), FLOAT32, CAST_VERSIONS[levels.type])
    scales = gather(graph, graph.constant(_numpy(module.scale)[:, None]), ids)
    return binary(graph, "MUL", rows, scales)


def norm(graph: Graph, model: Encoder, name: str, rows: Value) -> Value:
    """A layer norm over the last axis; a gain of one and a bias of zero, as folding leaves them, are left out."""
    module = model.get_submodule(name)
    centred = binary(graph, "SUB", rows, reduce(graph, "MEAN", rows))
    variance = reduce(graph, "MEAN", binary(graph, "MUL", centred, centred))
    steady = binary(graph, "ADD", variance, number(graph, EPSILON))
    normed = binary(graph, "MUL", centred, graph.add("RSQRT", [steady], steady.shape))
    gain, bias = _numpy(module.weight), _numpy(module.bias)
    if (gain != 1).any():
        normed = binary(graph, "MUL", normed, graph.constant(gain))
    return binary(graph, "ADD", normed, graph.constant(bias)) if bias.any() else normed


def linear(graph: Graph, model: Encoder, name: str, rows: Value) -> Value:
    """(tokens, inputs) -> (tokens, outputs)"""
    module = model.get_submodule(name)
    weight = _numpy(module.weight)
    if isinstance(module, QuantisedLinear):
        constant = graph.constant(weight, module.bits, _numpy(module.scale))
    else:
        constant = graph.constant(weight)
    return graph.add(
        "FULLY_CONNECTED",
        [rows, constant, graph.constant(_numpy(module.bias))],
        (rows.shape[0], weight.shape[0]),
        version=PRODUCT_VERSIONS[constant.type],
        keepNumDims=True,
        asymmetricQuantizeInputs=constant.type != FLOAT32,
    )


def _numpy(tensor: object) -> np.ndarray:
    assert isinstance(tensor, Tensor)
    return np.asarray(tensor.detach().cpu().numpy())
