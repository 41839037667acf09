"""The edge graph of the ranking model for ONNX Runtime: a file for each entry point, and one of all their weights."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import onnx

from cloud.ranking.layers import MASKED
from cloud.ranking.model import CANDIDATE, RankingModel
from compress.graph import model_shape
from edge.engines.onnx import WEIGHTS
from edge.engines.signatures import signatures
from export.one_layer import require_one_layer
from export.onnx.beside import (
    any_event,
    beside,
    candidate_numbers,
    event_numbers,
    gates_said,
    match_keys,
    small,
)
from export.onnx.graph import array_of
from export.onnx.layer import attended, finish, projected, step
from export.onnx.rows import Rows
from export.onnx.weight_file import WeightFile


def export_onnx(model: RankingModel, directory: Path, places: int) -> None:
    """Write the graphs of a float or quantised model, and their weights; `places`: of the longest timeline."""
    require_one_layer(model.shape)
    directory.mkdir(parents=True, exist_ok=True)
    weights, layers = WeightFile(WEIGHTS), model.shape.interact_layers
    writers: dict[str, Callable[[Rows], None]] = {
        "embed": partial(embed, output="hidden"),
        "encode": partial(step, inputs="hidden", x="layer", mask="mask", output="stepped"),
        "summarise": _summarise,
        "append": _append,
        "score_0": partial(_score, depth=0, places=places),
        f"score_{layers}": partial(_score, depth=layers, places=places),
    }
    paths = []
    for name, signature in signatures(model_shape(model.shape, places)).items():
        graph = Rows(model)
        writers[name](graph)
        paths.append(directory / f"{name}.onnx")
        paths[-1].write_bytes(weights.shape_in(graph, name, signature).SerializeToString())
    weights.write(directory)
    for path in paths:
        onnx.checker.check_model(str(path))


def embed(graph: Rows, output: str) -> None:
    """ "ids" and "positions" (token,) -> `output` (token, hidden)"""
    graph.table("token", "ids", "tokens")
    graph.table("position", "positions", "places")
    graph.add("both = Add(tokens, places)")
    widen(graph, "both", output)


def widen(graph: Rows, inputs: str, output: str) -> None:
    """(token, embedding) -> (token, hidden)"""
    factorised = graph.model.shape.embedding_size != graph.model.shape.hidden_size
    graph.norm("embedding_norm", inputs, "narrow" if factorised else output)
    if factorised:
        graph.linear("widen", "narrow", output)


def distances(graph: Rows, layer: int) -> str:
    """A constant: the bias of each bucket of distance at an interact layer, (head, distance), the last unseen."""
    seen = array_of(graph.model.distance)[layer]
    unseen = np.full((len(seen), 1), MASKED, dtype=np.float32)
    return graph.constant(f"distance_{layer}", np.concatenate([seen, unseen], 1))


def head(graph: Rows, inputs: str, output: str) -> None:
    """(candidate, hidden) -> (1, candidate)"""
    graph.norm("head_norm", inputs, f"{output}_normed")
    graph.row("head", f"{output}_normed", output)


def candidates(graph: Rows) -> None:
    """ "items", "phrases" and "small" -> "candidates" (candidate, hidden)"""
    kinds = graph.constant("kind_weight", array_of(graph.model.kind.weight))
    graph.add(f"""candidate_kind = Gather({kinds}, {graph.whole("kind_of_candidate", CANDIDATE)})
                  candidates = Sum(items, phrases, small, candidate_kind)""")


def _summarise(graph: Rows) -> None:
    graph.add("means = MatMul(weights, hidden)")
    graph.norm("summary_norm", "means", "summaries")


def _append(graph: Rows) -> None:
    match_keys(graph, "items", "new_match_keys")
    gates_said(graph, "phrases", "new_gates", "new_said")
    if graph.model.shape.factors:
        graph.linear("likeness.factors", "items", "new_factors")
    layers = graph.model.shape.interact_layers
    if not layers:
        return
    _new_entries(graph, "state_0")
    for layer in range(layers):
        projected(graph, f"state_{layer}", f"layer_{layer}")
        if layer + 1 < layers:  # nothing reads the states after the last
            _look_back(graph, layer)
    for part in ("keys", "values"):
        graph.add(f"new_{part} = Concat<axis = 0>({', '.join(f'layer_{layer}_{part}' for layer in range(layers))})")


def _new_entries(graph: Rows, output: str) -> None:
    """(entry, hidden)"""
    small(graph, event_numbers(graph), "small")
    kinds = graph.constant("kind_weight", array_of(graph.model.kind.weight))
    graph.add(f"""is_event = Unsqueeze(events, {graph.axis(1)})
                  known0 = Add(phrases, small)
                  known = Mul(known0, is_event)
                  kind = Cast<to = 7>(events)
                  kinds = Gather({kinds}, kind)
                  {output} = Sum(items, known, kinds)""")


def _look_back(graph: Rows, layer: int) -> None:
    """New entries attend to the timeline and to each other: from one state to the next."""
    x = f"layer_{layer}"
    for part in ("keys", "values"):
        graph.add(f"""{x}_old_{part} = Gather<axis = 0>({part}, {graph.whole(x, layer)})
                      {x}_all_{part} = Concat<axis = 2>({x}_old_{part}, {x}_{part})""")
    graph.add(f"{x}_mask = Gather<axis = 1>({distances(graph, layer)}, apart)")
    attended(graph, x, f"{x}_all_keys", f"{x}_all_values", f"{x}_mask")
    finish(graph, f"state_{layer}", x, f"state_{layer + 1}")


def _score(graph: Rows, depth: int, places: int) -> None:
    """All depths up to `depth`; a candidate's own place is the one after the last."""
    any_event(graph)
    inputs = candidate_numbers(graph)
    beside(graph, inputs)
    small(graph, inputs, "small")
    candidates(graph)
    head(graph, "candidates", "logits_0")
    if depth:
        graph.constant("own_bucket", np.array([0], dtype=np.int32))
        graph.add(f"""apart_with_own = Concat<axis = 0>(apart, own_bucket)
                      buckets = Unsqueeze(apart_with_own, {graph.axis(0)})""")
    state = "candidates"
    for layer in range(depth):
        _look(graph, state, layer, places, f"state_{layer}")
        state = f"state_{layer}"
        head(graph, state, f"logits_{layer + 1}")
    every = ", ".join(f"logits_{exit}" for exit in range(depth + 1))
    graph.add(f"""heads = Concat<axis = 0>({every})
                  logits = Add(heads, beside)""")


def _look(graph: Rows, inputs: str, layer: int, places: int, output: str) -> None:
    """Candidates attend to the timeline, and each to itself."""
    x = f"layer_{layer}"
    projected(graph, inputs, x)
    for part in ("keys", "values"):
        graph.add(f"{x}_old_{part} = Gather<axis = 0>({part}, {graph.whole(x, layer)})")
    graph.whole("places_and_own", places, 1)
    graph.add(f"""{x}_mask = Gather<axis = 1>({distances(graph, layer)}, buckets)
                  {x}_turned = Transpose<perm = [0, 1, 3, 2]>({x}_old_keys)
                  {x}_to_past = MatMul({x}_queries, {x}_turned)
                  {x}_own_product = Mul({x}_queries, {x}_keys)
                  {x}_to_itself = ReduceSum<keepdims = 1>({x}_own_product, {graph.axis(-1)})
                  {x}_looks0 = Concat<axis = 3>({x}_to_past, {x}_to_itself)
                  {x}_looks = Add({x}_looks0, {x}_mask)
                  {x}_shares = Softmax<axis = -1>({x}_looks)
                  {x}_past_shares, {x}_own_shares = Split<axis = 3>({x}_shares, places_and_own)
                  {x}_of_past = MatMul({x}_past_shares, {x}_old_values)
                  {x}_of_itself = Mul({x}_own_shares, {x}_values)
                  {x}_attended = Add({x}_of_past, {x}_of_itself)""")
    finish(graph, inputs, x, output)
