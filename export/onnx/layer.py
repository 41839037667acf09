"""The layer that steps the tokens of segments and the entries of a timeline."""

from __future__ import annotations

from export.onnx.rows import Rows

LAYER = "layers.0"


def projected(graph: Rows, inputs: str, x: str, segments: str = "") -> None:
    """`inputs` (row, hidden) -> `x`_queries, divided by the root of their width, `x`_keys and `x`_values.

    Each (1, head, row, head width); if `segments` names the shape (segment, token, 3, head, head width) of the rows,
    (1, segment, head, token, head width).
    """
    heads, width = graph.model.shape.heads, graph.model.shape.hidden_size // graph.model.shape.heads
    shape = segments or graph.whole("parts_by_head", -1, 3, heads, width)
    order = "2, 0, 3, 1, 4" if segments else "1, 2, 0, 3"
    graph.scalar("root", width**-0.5)
    graph.norm(f"{LAYER}.attention_norm", inputs, f"{x}_normed")
    graph.linear(f"{LAYER}.attention_in", f"{x}_normed", f"{x}_in")
    graph.add(f"""{x}_parted = Reshape({x}_in, {shape})
                  {x}_parts = Transpose<perm = [{order}]>({x}_parted)
                  {x}_asked, {x}_keys, {x}_values = Split<axis = 0, num_outputs = 3>({x}_parts)
                  {x}_queries = Mul({x}_asked, root)""")


def attended(graph: Rows, x: str, keys: str, values: str, mask: str, segments: bool = False) -> None:
    """`x`_queries attend to `keys`, of one shape but for their number, with an additive mask -> `x`_attended."""
    order = "0, 1, 2, 4, 3" if segments else "0, 1, 3, 2"
    graph.add(f"""{x}_turned = Transpose<perm = [{order}]>({keys})
                  {x}_looks0 = MatMul({x}_queries, {x}_turned)
                  {x}_looks = Add({x}_looks0, {mask})
                  {x}_shares = Softmax<axis = -1>({x}_looks)
                  {x}_attended = MatMul({x}_shares, {values})""")


def finish(graph: Rows, inputs: str, x: str, output: str, segments: bool = False) -> None:
    """`inputs` (row, hidden) and `x`_attended -> `output`: residual, output projection and feed-forward."""
    graph.whole("joined", -1, graph.model.shape.hidden_size)
    graph.add(f"""{x}_by_row = Transpose<perm = [{"0, 1, 3, 2, 4" if segments else "0, 2, 1, 3"}]>({x}_attended)
                  {x}_joined = Reshape({x}_by_row, joined)""")
    graph.linear(f"{LAYER}.attention_out", f"{x}_joined", f"{x}_mixed")
    graph.add(f"{x}_middle = Add({inputs}, {x}_mixed)")
    graph.norm(f"{LAYER}.feed_forward_norm", f"{x}_middle", f"{x}_middle_normed")
    graph.linear(f"{LAYER}.feed_forward_in", f"{x}_middle_normed", f"{x}_inner0")
    graph.add(f"{x}_inner = Gelu({x}_inner0)")
    graph.linear(f"{LAYER}.feed_forward_out", f"{x}_inner", f"{x}_outer")
    graph.add(f"{output} = Add({x}_middle, {x}_outer)")


def step(graph: Rows, inputs: str, x: str, mask: str, output: str, segments: str = "") -> None:
    """One application: every row attends to all rows that `mask` allows."""
    projected(graph, inputs, x, segments)
    attended(graph, x, f"{x}_keys", f"{x}_values", mask, bool(segments))
    finish(graph, inputs, x, output, bool(segments))
