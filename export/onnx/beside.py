"""What match and numbers add to a candidate's logit at every depth, and how numbers enter."""

from __future__ import annotations

import numpy as np

from cloud.ranking.layers import MASKED
from edge.engines.shape import NO_LIKENESS, OVERALL
from edge.text.number import CLIP
from export.onnx.graph import array_of
from export.onnx.rows import Rows


def any_event(graph: Rows) -> None:
    """ "events" (place,) -> "some", 1 or 0, and "none"."""
    graph.add(f"""some = ReduceMax<keepdims = 0>(events)
                  none = Sub({graph.scalar("one", 1)}, some)""")


def beside(graph: Rows, inputs: str) -> None:
    """Numbers as `inputs`, "items" (candidate, hidden) and a timeline -> "beside" (1, candidate)."""
    _matched(graph)
    graph.row("wide", inputs, "wide")
    graph.linear("deep.0", inputs, "deep0")
    graph.add("deep1 = Gelu(deep0)")
    graph.row("deep.3", "deep1", "deep")
    graph.add("beside = Sum(matched, wide, deep)")


def small(graph: Rows, inputs: str, output: str) -> None:
    """`inputs` (row, number) -> `output` (row, hidden); one row for all where a model has no numbers."""
    graph.linear("numbers.0", inputs, f"{output}0")
    graph.add(f"{output}1 = Gelu({output}0)")
    graph.linear("numbers.2", f"{output}1", output)


def match_keys(graph: Rows, items: str, output: str) -> None:
    """Append the match vectors of items, scaled to unit length (ENGINE.md, "Match")."""
    graph.product("match.of_event", items, f"{output}_long")
    graph.add(f"{output} = LpNormalization<axis = 1, p = 2>({output}_long)")


def gates_said(graph: Rows, phrases: str, gates: str, said: str) -> None:
    """`phrases` (event, hidden) -> the logarithm of the gates and the values, (event, match head)."""
    graph.linear("match.gate", phrases, f"{gates}0")
    graph.linear("match.value", phrases, f"{said}0")
    graph.add(f"""{gates}1 = Neg({gates}0)
                  {gates}2 = Softplus({gates}1)
                  {gates} = Neg({gates}2)
                  {said} = Tanh({said}0)""")


def _matched(graph: Rows) -> None:
    """ "matched" (1, candidate). The ways of weighing events come first in all arrays, so that a row is of places."""
    sharp = np.exp(array_of(graph.model.match.sharpness))
    graph.constant("sharp", sharp[:, None])  # (way, 1)
    graph.constant("sharp_of_places", sharp[:, None, None])
    graph.scalar("unmasked", -MASKED)
    graph.whole("one_row_more", 0, 0, 1, 0)
    first, middle, last = (graph.axis(number) for number in (0, 1, 2))
    graph.product("match.of_candidate", "items", "looking_long")
    graph.add(f"""looking = LpNormalization<axis = 1, p = 2>(looking_long)
                  cosine = Gemm<transB = 1>(looking, match_keys)
                  cosine_of_ways = Unsqueeze(cosine, {first})
                  sharpened = Mul(cosine_of_ways, sharp_of_places)
                  hidden_places0 = Sub(events, one)
                  hidden_places = Mul(hidden_places0, unmasked)
                  gates_by_way = Transpose<perm = [1, 0]>(gates)
                  open = Add(gates_by_way, hidden_places)
                  open_to_all = Unsqueeze(open, {middle})
                  closeness = Add(sharpened, open_to_all)
                  shares = Softmax<axis = -1>(closeness)
                  closest = ReduceMax<keepdims = 0>(closeness, {last})
                  its_share = ReduceMax<keepdims = 0>(shares, {last})
                  its_share_log = Log(its_share)
                  best0 = Sub(closest, its_share_log)
                  best = Div(best0, sharp)
                  said_by_way = Transpose<perm = [1, 0]>(said)
                  said_by_place = Unsqueeze(said_by_way, {last})
                  weighted0 = MatMul(shares, said_by_place)
                  weighted = Squeeze(weighted0, {last})
                  open_shares = Softmax<axis = -1>(open)
                  said_shares = Mul(open_shares, said_by_way)
                  mean = Gemm<transB = 1>(said_shares, cosine)
                  features0 = Concat<axis = 0>(best, weighted, mean)
                  features1 = Mul(features0, some)
                  features = Pad(features1, one_row_more, none)""")
    graph.row("matched", "features", "matched", across=False)


def likeness(graph: Rows) -> None:
    """ "items", "factors", "events" and "liked" -> "likeness" (candidate, 1), standardised, 0 without events."""
    module = graph.model.likeness
    assert module is not None
    for name in ("overall", "mean", "spread"):
        graph.constant(f"likeness_{name}", array_of(module.get_buffer(name)))
    graph.constant("likeness_unit", array_of(module.get_buffer("unit")) ** 2)
    graph.scalar("of_overall", OVERALL)
    graph.scalar("no_likeness", NO_LIKENESS)
    graph.scalar("least_likeness", -CLIP)
    graph.scalar("most_likeness", CLIP)
    last = graph.axis(1)
    graph.linear("likeness.factors", "items", "asked_factors")
    graph.add(f"""count = ReduceSum<keepdims = 0>(events)
                  counted = Add(count, of_overall)
                  liked_more0 = Sub(liked, likeness_overall)
                  liked_more1 = Mul(liked_more0, events)
                  liked_more = ReduceSum<keepdims = 0>(liked_more1)
                  level0 = Div(liked_more, counted)
                  level = Add(likeness_overall, level0)
                  centred0 = Sub(liked, level)
                  centred = Unsqueeze(centred0, {last})
                  units0 = Mul(events, likeness_unit)
                  units = Unsqueeze(units0, {last})
                  kept_factors = Mul(factors, units)
                  likenesses = Gemm<transB = 1>(asked_factors, kept_factors)
                  likeness_sum = MatMul(likenesses, centred)
                  likeness_size0 = ReduceL1<keepdims = 1>(likenesses, {last})
                  likeness_size = Add(likeness_size0, no_likeness)
                  likeness0 = Div(likeness_sum, likeness_size)
                  likeness1 = Sub(likeness0, likeness_mean)
                  likeness2 = Div(likeness1, likeness_spread)
                  likeness3 = Clip(likeness2, least_likeness, most_likeness)
                  likeness = Mul(likeness3, some)""")


def candidate_numbers(graph: Rows, numbers: str = "numbers", missing: str = "missing") -> str:
    """The name of what enters the layers of numbers, (candidate, input); none if a model has no numbers."""
    values, flags = ([numbers], [missing]) if graph.model.shape.numbers else ([], [])
    if graph.model.likeness is None:
        return _joined(graph, [*values, *flags], "inputs")
    likeness(graph)
    present = _joined(graph, [*values, "likeness", *flags], "inputs0")
    graph.whole("one_column_more", 0, 0, 0, 1)
    graph.add(f"inputs = Pad({present}, one_column_more, none)")
    return "inputs"


def event_numbers(graph: Rows, numbers: str = "numbers", missing: str = "missing", output: str = "inputs") -> str:
    """The same of events, whose likeness is missing."""
    shape = graph.model.shape
    if not shape.factors:
        return _joined(graph, [numbers, missing] if shape.numbers else [], output)
    if not shape.numbers:
        return graph.constant("no_numbers", np.array([[0, 1]], dtype=np.float32))
    graph.whole("one_column_more", 0, 0, 0, 1)
    zero, one = graph.scalar("zero", 0), graph.scalar("one", 1)
    graph.add(f"""{output}_values = Pad({numbers}, one_column_more, {zero})
                  {output}_flags = Pad({missing}, one_column_more, {one})""")
    return _joined(graph, [f"{output}_values", f"{output}_flags"], output)


def _joined(graph: Rows, parts: list[str], output: str) -> str:
    if len(parts) > 1:
        graph.add(f"{output} = Concat<axis = 1>({', '.join(parts)})")
        return output
    return parts[0] if parts else ""
