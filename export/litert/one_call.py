"""The whole model in one LiteRT signature, for teams with a loader of their own.

run: ids (1, T), mask (1, T), k (1,) int32 -> score (1,). One candidate stands behind its user; `mask` is 0 on padding,
else the number of the segment that the token stands in: profile 1, events from 2, closing last but one, candidate last.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cloud.model import Encoder
from edge.engines.protocol import MASKED
from edge.text.sequence import PROFILE_SLOT
from export.litert.attention import step
from export.litert.encoder import place, score
from export.litert.file import BOOL, FLOAT32, INT32, Graph, LiteRtFile, Value
from export.litert.layer import layer_of
from export.litert.modules import embed
from export.litert.operators import binary, cast, compare, gather, number, reduce, reshape
from export.weights import require_shared


def export_litert_one_call(model: Encoder, tokens: int, path: Path) -> None:
    """Write the model for requests of up to `tokens` tokens, user and candidate together, under the full plan."""
    require_shared(model.config)
    file = LiteRtFile()
    graph = file.graph("run")
    ids, mask = (reshape(graph, graph.input(name, 1, tokens, type=INT32), tokens) for name in ("ids", "mask"))
    depth = _between(graph, graph.input("k", 1, type=INT32), 1, model.config.layers)
    request = _Request(graph, mask)
    hidden = embed(graph, model, ids, _index(graph, request.positions(), model.config.positions))
    hidden = place(graph, model, hidden, _index(graph, request.slots(), model.config.slots))
    hidden = _applied(file, graph, model, hidden, request.looks(), depth)
    end = _index(graph, request.end(), tokens)
    graph.output("score", score(graph, model, gather(graph, hidden, end)))
    path.write_bytes(file.to_bytes())


class _Request:
    """What the segment numbers say, in float32: "row" is (1, T), "column" (T, 1)."""

    def __init__(self, graph: Graph, mask: Value) -> None:
        self.graph = graph
        self.tokens = tokens = mask.shape[0]
        numbers = cast(graph, mask, FLOAT32)
        self.row, self.column = (reshape(graph, numbers, *shape) for shape in ((1, tokens), (tokens, 1)))
        places = np.arange(tokens, dtype=np.float32)
        self.place_row, self.place_column = graph.constant(places[None]), graph.constant(places[:, None])
        self.last = reduce(graph, "REDUCE_MAX", self.row)  # (1, 1), the candidate's number
        self.same = compare(graph, "EQUAL", self.column, self.row)  # (T, T)
        self.candidate = compare(graph, "EQUAL", self.row, self.last)

    def positions(self) -> Value:
        """(T, 1), each token's place in its segment: its place less that of the segment's first token."""
        graph = self.graph
        from_behind = binary(graph, "SUB", number(graph, self.tokens), self.place_row)
        first = reduce(graph, "REDUCE_MAX", binary(graph, "MUL", self.same, from_behind))  # its place from behind
        return binary(graph, "SUB", self.place_column, binary(graph, "SUB", number(graph, self.tokens), first))

    def slots(self) -> Value:
        """(1, T), edge.text.sequence: candidate 1, closing 2, events from 3 by recency; the profile alone has 0."""
        graph = self.graph
        from_behind = binary(graph, "SUB", binary(graph, "ADD", self.last, number(graph, 1.0)), self.row)
        assert PROFILE_SLOT == 0
        others = compare(graph, "NOT_EQUAL", self.row, number(graph, 1.0))
        return binary(graph, "MUL", from_behind, others)

    def looks(self) -> Value:
        """(T, T), additive: all look at the user's tokens, the candidate's tokens also at those before them."""
        graph = self.graph
        real = compare(graph, "GREATER", self.row, number(graph, 0.0))
        user = binary(graph, "MUL", real, compare(graph, "LESS", self.row, self.last))
        causal = compare(graph, "GREATER_EQUAL", self.place_column, self.place_row)
        own = binary(graph, "MUL", binary(graph, "MUL", self.same, causal), self.candidate)
        allowed = binary(graph, "ADD", own, user)
        forbidden = binary(graph, "SUB", number(graph, 1.0), allowed)
        return binary(graph, "MUL", forbidden, number(graph, float(MASKED)))

    def end(self) -> Value:
        """(1, 1), the place of the candidate's last token."""
        return reduce(self.graph, "REDUCE_MAX", binary(self.graph, "MUL", self.candidate, self.place_row))


def _index(graph: Graph, value: Value, count: int) -> Value:
    """Float to int32 (n,), kept within a table of `count` rows: padding may stand for anything."""
    flat = reshape(graph, value, max(value.shape))
    return _between(graph, cast(graph, flat, INT32), 0, count - 1)


def _between(graph: Graph, value: Value, least: int, most: int) -> Value:
    raised = binary(graph, "MAXIMUM", value, graph.integers(least))
    return binary(graph, "MINIMUM", raised, graph.integers(most))


def _applied(file: LiteRtFile, graph: Graph, model: Encoder, hidden: Value, looks: Value, depth: Value) -> Value:
    """The layer, `depth` times."""
    state = [graph.integers(0), depth, hidden, looks]
    condition, body = file.graph("unfinished", signature=False), file.graph("step", signature=False)
    done, wanted, _, _ = (_carried(condition, value) for value in state)
    condition.output("more", condition.add("LESS", [done, wanted], (1,), BOOL))
    done, wanted, before, allowed = (_carried(body, value) for value in state)
    after = step(body, layer_of(model), before, allowed)
    for value in (binary(body, "ADD", done, body.integers(1)), wanted, after, allowed):
        body.output("state", value)
    numbers = {"condSubgraphIndex": condition.number, "bodySubgraphIndex": body.number}
    return graph.add_many("WHILE", state, [(value.shape, value.type) for value in state], options=numbers)[2]


def _carried(graph: Graph, value: Value) -> Value:
    return graph.input("state", *value.shape, type=value.type)
