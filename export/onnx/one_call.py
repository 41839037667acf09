"""All of the model in one ONNX graph, for teams with a loader of their own: ids, mask and depth in, scores out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx

from cloud.attention import MASKED
from cloud.model import Encoder
from export.onnx.entry_points import check_files, embed, finish, head, keys_values, queries
from export.onnx.graph import Graph
from export.weights import require_shared

INTEGERS = {"none": 0, "one": 1}  # int32
AXES = {"axis_0": 0, "axis_1": 1, "axis_2": 2}


def export_onnx_one_call(model: Encoder, path: Path) -> None:
    """Write one graph of a float or quantised encoder: `ids` (n, t), `mask` (n, t), `k` (1,), all int32, -> `score`
    (n,), the full plan's logits at depth k, which is held between 1 and the model's layers.

    A row is one user side and one candidate. `mask` is 0 on padding, else the number of the token's segment: profile
    1, events 2 and on, the closing one last but one, the candidate last. No score depends on other rows or padding.
    """
    require_shared(model.config)
    path.write_bytes(_run(model).SerializeToString())


def check_onnx_one_call(path: Path, model: Encoder) -> int:
    """As `export.onnx.check_onnx`."""
    return check_files([path], model)


def _run(model: Encoder) -> onnx.ModelProto:
    graph = Graph(model)
    for name, value in INTEGERS.items():
        graph.constant(name, np.array(value, dtype=np.int32))
    for name, axis in AXES.items():
        graph.constant(name, np.array([axis], dtype=np.int64))
    _segments(graph)
    _allowed(graph)
    embed(graph, "embedded")
    graph.table("slot", "slots", "slot_rows")
    graph.add("start = Add(embedded, slot_rows)")
    _layers(graph)
    graph.add("""candidate_flags = Cast<to = 6>(is_candidate)
                 ends = ArgMax<axis = 1, keepdims = 1, select_last_index = 1>(candidate_flags)
                 at_ends = GatherND<batch_dims = 1>(final, ends)""")
    head(graph, "at_ends")
    return graph.build("run", "(int32[n, t] ids, int32[n, t] mask, int32[1] k) => (float[n] score)")


def _segments(graph: Graph[Encoder]) -> None:
    """ "mask" -> places within the segment, and segment embeddings: edge.text.sequence.segment_slots, by numbers."""
    graph.constant("from_first", np.array(0, dtype=np.int64))
    graph.constant("by_one", np.array(1, dtype=np.int64))
    graph.add("""last = ReduceMax<keepdims = 1>(mask, axis_1)
                 is_candidate = Equal(mask, last)
                 is_real = Greater(mask, none)
                 numbers_down = Unsqueeze(mask, axis_2)
                 numbers_across = Unsqueeze(mask, axis_1)
                 same = Equal(numbers_down, numbers_across)
                 length1 = Shape<start = 1>(mask)
                 length = Squeeze(length1, axis_0)
                 across = Range(from_first, length, by_one)
                 down = Unsqueeze(across, axis_1)
                 is_later = Less(across, down)
                 is_before = And(same, is_later)
                 before = Cast<to = 6>(is_before)
                 counted = ReduceSum<keepdims = 0>(before, axis_2)
                 positions = Where(is_real, counted, none)
                 past_last = Add(last, one)
                 from_newest = Sub(past_last, mask)
                 after_profile = Greater(mask, one)
                 slots = Where(after_profile, from_newest, none)""")


def _allowed(graph: Graph[Encoder]) -> None:
    """The full plan's additive mask, (n, 1, t, t): all see the user's tokens, a candidate also itself, causally."""
    graph.constant("open", np.array(0, dtype=np.float32))
    graph.constant("closed", np.array(MASKED, dtype=np.float32))
    graph.add("""is_user = Not(is_candidate)
                 is_seen_user = And(is_user, is_real)
                 user_across = Unsqueeze(is_seen_user, axis_1)
                 real_across = Unsqueeze(is_real, axis_1)
                 is_own = LessOrEqual(across, down)
                 own_seen = And(same, is_own)
                 own_real = And(own_seen, real_across)
                 allowed = Or(user_across, own_real)
                 additive = Where(allowed, open, closed)
                 looks_mask = Unsqueeze(additive, axis_1)""")


def _layers(graph: Graph[Encoder]) -> None:
    """ "start" -> "final": the one layer, k times."""
    state = f"float[n, t, {graph.model.config.hidden_size}]"
    graph.constant("least", np.array([1], dtype=np.int64))
    graph.constant("most", np.array([graph.model.config.layers], dtype=np.int64))
    graph.constant("always", np.array(True))
    graph.add("""depth0 = Cast<to = 7>(k)
                 depth1 = Max(depth0, least)
                 depth2 = Min(depth1, most)
                 depth = Squeeze(depth2, axis_0)""")
    body = graph.body()
    body.constant("asked_part", np.array(0, dtype=np.int64))
    keys_values(body)
    body.add("queries0 = Gather<axis = 2>(parted, asked_part)")
    queries(body)
    body.add("""keys_turned = Transpose<perm = [0, 1, 3, 2]>(keys)
                looks0 = MatMul(queries, keys_turned)
                looks = Add(looks0, looks_mask)
                weights = Softmax<axis = -1>(looks)
                attended = MatMul(weights, values)""")
    finish(body, "hidden")
    body.add("go_on = Identity(going)")
    graph.loop(
        "final",
        "depth, always, start",
        body,
        f"(int64 done, bool going, {state} hidden) => (bool go_on, {state} stepped)",
    )
