"""The arrays that go into and come out of each entry point, for engines with static shapes. Normative: ENGINE.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from edge.engines.ranking.shape import RankingGraph

Dimensions = tuple[int, ...]
Named = dict[str, Dimensions]
INTEGERS = ("ids", "positions", "apart")  # int32; all others are float32


@dataclass(frozen=True)
class Arrays:
    """By name, in the order of ENGINE.md."""

    inputs: Named
    outputs: Named


def arrays(entry: str, sizes: Dimensions, shape: RankingGraph) -> Arrays:
    """Of a bucket, e.g. "score" and (2, 64): without those of zero size, and inputs that nothing would read."""
    inputs, outputs = ENTRY_POINTS[entry](shape, *sizes)
    return Arrays(_without_empty(inputs), _without_empty(outputs))


def _without_empty(named: Named) -> Named:
    return {name: dimensions for name, dimensions in named.items() if prod(dimensions)}


def _embed(shape: RankingGraph, tokens: int) -> tuple[Named, Named]:
    return {"ids": (tokens,), "positions": (tokens,)}, {"hidden": (tokens, shape.hidden)}


def _encode(shape: RankingGraph, tokens: int) -> tuple[Named, Named]:
    hidden = (tokens, shape.hidden)
    return {"hidden": hidden, "mask": (tokens, tokens)}, {"hidden": hidden}


def _summarise(shape: RankingGraph, segments: int, tokens: int) -> tuple[Named, Named]:
    inputs: Named = {"hidden": (tokens, shape.hidden), "weights": (segments, tokens)}
    return inputs, {"summaries": (segments, shape.hidden)}


def _append(shape: RankingGraph, new: int) -> tuple[Named, Named]:
    inputs: Named = {"items": (new, shape.hidden), "phrases": (new, shape.hidden)}
    if shape.interact_layers > 0:  # else there are no states
        inputs |= {"numbers": (new, shape.numbers), "missing": (new, shape.numbers), "events": (new,)}
    if shape.interact_layers > 1:  # at the last layer, no new entry looks at others
        inputs |= _by_head(shape) | {"apart": (new, shape.places + new)}
    by_head = (shape.interact_layers, shape.heads, new, shape.head_width)
    weighed = (new, shape.match_heads)
    outputs = {"new_keys": by_head, "new_values": by_head, "new_match_keys": (new, shape.match_size)}
    return inputs, outputs | {"new_gates": weighed, "new_said": weighed, "new_factors": (new, shape.factors)}


def _score(shape: RankingGraph, depth: int, candidates: int) -> tuple[Named, Named]:
    count, places, weighed = candidates, shape.places, (shape.places, shape.match_heads)
    inputs: Named = {"items": (count, shape.hidden), "phrases": (count, shape.hidden)}
    inputs |= {"numbers": (count, shape.numbers), "missing": (count, shape.numbers)}
    if depth:
        inputs |= _by_head(shape)
    inputs |= {"match_keys": (places, shape.match_size), "gates": weighed, "said": weighed, "events": (places,)}
    if shape.factors:
        inputs |= {"factors": (places, shape.factors), "liked": (places,)}
    if depth:
        inputs["apart"] = (places,)
    return inputs, {"logits": (depth + 1, count)}


def _by_head(shape: RankingGraph) -> Named:
    dimensions = (shape.interact_layers, shape.heads, shape.places, shape.head_width)
    return {"keys": dimensions, "values": dimensions}


ENTRY_POINTS: dict[str, Callable[..., tuple[Named, Named]]] = {
    "embed": _embed,
    "encode": _encode,
    "summarise": _summarise,
    "append": _append,
    "score": _score,
}
