"""All of the ranking model in one ONNX graph, for teams with their own model loader: the arrays of export.plain.

Their sizes V, C and T are dynamic: V is at least 1 and less than the places of the longest timeline, T at most the
model's positions. `context_ids` may be (1, T), the context of all candidates.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cloud.ranking.layers import MASKED
from cloud.ranking.model import EVENT, PROFILE, RankingModel
from edge.engines.distances import bucket_table
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
from export.onnx.entry_points import candidates, distances, head, widen
from export.onnx.graph import array_of
from export.onnx.layer import step
from export.onnx.rows import Rows
from export.plain import TEXTS


def export_onnx_one_call(model: RankingModel, path: Path, places: int) -> None:
    """Write the graph of a float or quantised model; `places`: of the longest timeline, the profile included."""
    require_one_layer(model.shape)
    graph = Rows(model)
    for name, number in (("whole_0", 0), ("whole_1", 1)):
        graph.constant(name, np.array(number, dtype=np.int64))
    _texts(graph)
    _encoded(graph)
    _summaries(graph)
    _timeline(graph)
    _apart(graph, places)
    _interacted(graph)
    path.write_bytes(graph.build("rank", f"({_inputs(model)}) => (float[C] logits)").SerializeToString())


def _inputs(model: RankingModel) -> str:
    rows = ("1", "V", "C", "V", "K")
    found = [f"int32[{count}, T] {name}" for name, count in zip(TEXTS, rows, strict=True)]
    if numbers := model.shape.numbers:
        found += [f"float[V, {numbers}] {name}" for name in ("event_numbers", "event_missing")]
        found += [f"float[C, {numbers}] {name}" for name in ("candidate_numbers", "candidate_missing")]
    if model.shape.factors:
        found.append("float[V] liked")
    return ", ".join([*found, "int32[1] event_count"])


def _texts(graph: Rows) -> None:
    """The tables of ids -> "embedded" (text x token, hidden), "real" (text, token), and numbers of texts and tokens.

    The first token of a text is at least 1, `[UNK]`.
    """
    embedding = graph.model.shape.embedding_size
    any_number, width = graph.whole("any_number", -1), graph.whole("embedding_width", embedding)
    graph.constant("no_token", np.array(0, dtype=np.int32))
    graph.add(f"""all_ids = Concat<axis = 0>({", ".join(TEXTS)})
                  tokens1 = Shape<start = 1>(all_ids)
                  tokens = Squeeze(tokens1, {graph.axis(0)})
                  token_places = Range(whole_0, tokens, whole_1)
                  is_first = Equal(token_places, whole_0)
                  first = Cast<to = 6>(is_first)
                  known_ids = Max(all_ids, first)
                  real = Greater(known_ids, no_token)
                  ids = Reshape(known_ids, {any_number})""")
    graph.table("token", "ids", "words")
    graph.table("position", "token_places", "word_places")
    graph.add(f"""text_shape = Concat<axis = 0>({any_number}, tokens1, {width})
                  words_of_texts = Reshape(words, text_shape)
                  placed_of_texts = Add(words_of_texts, word_places)
                  placed = Reshape(placed_of_texts, {graph.whole("embedding_rows", -1, embedding)})""")
    widen(graph, "placed", "embedded")
    for name in TEXTS:
        graph.add(f"{name}_count = Shape<start = 0, end = 1>({name})")
    graph.add(f"""text_counts = Concat<axis = 0>({", ".join(f"{name}_count" for name in TEXTS)})
                  entry_count = Add(event_ids_count, {graph.whole("profiles", 1)})
                  item_count = Add(entry_count, candidate_ids_count)
                  phrase_count = Add(phrase_ids_count, context_ids_count)""")


def _encoded(graph: Rows) -> None:
    """ "embedded" -> "encoded" (text x token, hidden): items as often as the deepest exit says, phrases once."""
    shape, depth = graph.model.shape, graph.model.shape.encode_layers
    if not depth:
        graph.add("encoded = Identity(embedded)")
        return
    graph.scalar("open_token", 0)
    graph.scalar("closed_token", MASKED)
    graph.whole("by_head", 3, shape.heads, shape.hidden_size // shape.heads)
    graph.add(f"""token_mask0 = Where(real, open_token, closed_token)
                  token_mask = Unsqueeze(token_mask0, {graph.whole("mask_axes", 1, 2)})
                  segments = Concat<axis = 0>(any_number, tokens1, by_head)""")
    step(graph, "embedded", "encode", "token_mask", "once", "segments")
    graph.add("""item_tokens = Mul(item_count, tokens1)
                 phrase_tokens = Mul(phrase_count, tokens1)
                 token_counts = Concat<axis = 0>(item_tokens, phrase_tokens)
                 once_items, once_phrases = Split<axis = 0>(once, token_counts)""")
    _encode_items(graph, depth - 1)
    graph.add("encoded = Concat<axis = 0>(encoded_items, once_phrases)")


def _encode_items(graph: Rows, times: int) -> None:
    """ "once_items" -> "encoded_items": the one layer in a loop, so that its weights are there once."""
    if not times:
        graph.add("encoded_items = Identity(once_items)")
        return
    graph.constant("times", np.array(times, dtype=np.int64))
    graph.constant("always", np.array(True))
    graph.add("""mask_counts = Concat<axis = 0>(item_count, phrase_count)
                 item_mask, phrase_mask = Split<axis = 0>(token_mask, mask_counts)""")
    body = graph.body()
    step(body, "state", "again", "item_mask", "stepped", "segments")
    body.add("go_on = Identity(going)")
    state = f"float[r, {graph.model.shape.hidden_size}]"
    signature = f"(int64 done, bool going, {state} state) => (bool go_on, {state} stepped)"
    graph.loop("encoded_items", "times, always, once_items", body, signature)


def _summaries(graph: Rows) -> None:
    """ "encoded" -> summaries (text, hidden) by kind of text."""
    width = graph.model.shape.hidden_size
    graph.add(f"""state_shape = Concat<axis = 0>(any_number, tokens1, {graph.whole("hidden_width", width)})
                  encoded_texts = Reshape(encoded, state_shape)
                  is_real = Cast<to = 1>(real)
                  real_count = ReduceSum<keepdims = 1>(is_real, {graph.axis(1)})
                  mean_weights0 = Div(is_real, real_count)
                  mean_weights = Unsqueeze(mean_weights0, {graph.axis(1)})
                  means0 = MatMul(mean_weights, encoded_texts)
                  means = Squeeze(means0, {graph.axis(1)})""")
    graph.norm("summary_norm", "means", "summaries")
    graph.add("profile_item, event_items, items, event_phrases, phrases = Split<axis = 0>(summaries, text_counts)")


def _timeline(graph: Rows) -> None:
    """Summaries and numbers -> "state_0" (entry and candidate, hidden), and "beside" (1, candidate)."""
    graph.add(f"""event_total = Squeeze(event_ids_count, {graph.axis(0)})
                  event_places = Range(whole_0, event_total, whole_1)
                  last_event = Cast<to = 7>(event_count)
                  is_event = Less(event_places, last_event)
                  events = Cast<to = 1>(is_event)""")
    any_event(graph)
    match_keys(graph, "event_items", "match_keys")
    gates_said(graph, "event_phrases", "gates", "said")
    if graph.model.shape.factors:
        graph.linear("likeness.factors", "event_items", "factors")
    inputs = candidate_numbers(graph, "candidate_numbers", "candidate_missing")
    beside(graph, inputs)
    small(graph, inputs, "small")
    candidates(graph)
    small(graph, event_numbers(graph, "event_numbers", "event_missing", "event_inputs"), "event_small")
    kinds = graph.constant("kind_weight", array_of(graph.model.kind.weight))
    graph.add(f"""profile_kind = Gather({kinds}, {graph.whole("kind_of_profile", PROFILE)})
                  event_kind = Gather({kinds}, {graph.whole("kind_of_event", EVENT)})
                  profile_entry = Add(profile_item, profile_kind)
                  event_entries = Sum(event_items, event_phrases, event_small, event_kind)
                  state_0 = Concat<axis = 0>(profile_entry, event_entries, candidates)""")


def _apart(graph: Rows, places: int) -> None:
    """ "apart" (row, row) of entries and candidates: buckets of distance, the last where one must not see the other.

    Entries see those up to themselves, candidates all that are there, and both themselves.
    """
    table = bucket_table(places, graph.model.shape.distances).astype(np.int64)
    buckets = graph.constant("bucket_of_distance", table)
    graph.constant("unseen", np.array(graph.model.shape.distances, dtype=np.int64))
    graph.add(f"""row_count1 = Add(entry_count, candidate_ids_count)
                  row_count = Squeeze(row_count1, {graph.axis(0)})
                  row_numbers = Range(whole_0, row_count, whole_1)
                  after_last = Add(last_event, whole_1)
                  is_entry = Less(row_numbers, entry_count)
                  row_places = Where(is_entry, row_numbers, after_last)
                  places_down = Unsqueeze(row_places, {graph.axis(1)})
                  distance0 = Sub(places_down, row_places)
                  distance = Max(distance0, whole_0)
                  bucket = Gather({buckets}, distance)
                  is_there = LessOrEqual(row_numbers, last_event)
                  is_before = GreaterOrEqual(distance0, whole_0)
                  is_past = And(is_there, is_before)
                  row_numbers_down = Unsqueeze(row_numbers, {graph.axis(1)})
                  is_itself = Equal(row_numbers_down, row_numbers)
                  is_seen = Or(is_past, is_itself)
                  apart = Where(is_seen, bucket, unseen)""")


def _interacted(graph: Rows) -> None:
    """ "state_0", "apart" and "beside" -> "logits" (candidate,)"""
    layers = graph.model.shape.interact_layers
    for layer in range(layers):
        graph.add(f"mask_{layer} = Gather<axis = 1>({distances(graph, layer)}, apart)")
        step(graph, f"state_{layer}", f"layer_{layer}", f"mask_{layer}", f"state_{layer + 1}")
    graph.add(f"""entries_and_candidates = Concat<axis = 0>(entry_count, candidate_ids_count)
                  final_entries, final = Split<axis = 0>(state_{layers}, entries_and_candidates)""")
    head(graph, "final", "heads")
    graph.add("""logits_row = Add(heads, beside)
                 logits = Reshape(logits_row, any_number)""")
