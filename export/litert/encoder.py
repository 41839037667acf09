"""The encoder's places and head in LiteRT."""

from __future__ import annotations

from cloud.model import Encoder
from export.litert.file import Graph, Value
from export.litert.modules import linear, norm, table
from export.litert.operators import binary, reshape


def place(graph: Graph, model: Encoder, hidden: Value, slots: Value) -> Value:
    """(tokens, width), (tokens,) -> (tokens, width)"""
    return binary(graph, "ADD", hidden, table(graph, model.slot, slots))


def score(graph: Graph, model: Encoder, hidden: Value) -> Value:
    """(candidates, width) -> (candidates,)"""
    column = linear(graph, model.head, norm(graph, model.head_norm, hidden))
    return reshape(graph, column, hidden.shape[0])
