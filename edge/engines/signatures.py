"""Inputs and outputs of the entry points of a model, as arrays with dynamic sizes. Normative: ENGINE.md."""

from __future__ import annotations

from dataclasses import dataclass

from edge.engines.shape import ModelShape

Dims = tuple[int | str, ...]  # a word: a size that each call chooses

INTEGERS = ("ids", "positions", "apart")  # int32; all others are float32


@dataclass(frozen=True)
class Signature:
    """Arrays by name, in the order of ENGINE.md; without those of no element, and inputs that nothing would read."""

    inputs: dict[str, Dims]
    outputs: dict[str, Dims]


def signatures(shape: ModelShape) -> dict[str, Signature]:
    """By the name of the entry point; the scores of all depths are `score_0` if there is no interact layer."""
    width, layers, places = shape.hidden, shape.interact_layers, shape.places
    hidden: Dims = ("T", width)
    by_head: Dims = (layers, shape.heads, places, shape.head_width)
    timeline: dict[str, Dims] = {
        "match_keys": (places, shape.match_size),
        "gates": (places, shape.match_heads),
        "said": (places, shape.match_heads),
        "factors": (places, shape.factors),
    }
    looked_at: dict[str, Dims] = {"keys": by_head, "values": by_head}
    events: dict[str, Dims] = {"events": (places,)}
    if shape.factors:
        events["liked"] = (places,)
    found = {
        "embed": Signature({"ids": ("T",), "positions": ("T",)}, {"hidden": hidden}),
        "encode": Signature({"hidden": hidden, "mask": ("T", "T")}, {"stepped": hidden}),
        "summarise": Signature({"hidden": hidden, "weights": ("S", "T")}, {"summaries": ("S", width)}),
        "append": Signature(
            _appended(shape, looked_at),
            {f"new_{name}": (layers, shape.heads, "n", shape.head_width) for name in looked_at}
            | {f"new_{name}": ("n", dims[1]) for name, dims in timeline.items()},
        ),
        "score_0": Signature(_entries("C", shape) | timeline | events, {"logits": (1, "C")}),
    }
    if layers:
        inputs = _entries("C", shape) | looked_at | timeline | events | {"apart": (places,)}
        found[f"score_{layers}"] = Signature(inputs, {"logits": (layers + 1, "C")})
    return {name: Signature(_some(each.inputs), _some(each.outputs)) for name, each in found.items()}


def _appended(shape: ModelShape, looked_at: dict[str, Dims]) -> dict[str, Dims]:
    inputs = _entries("n", shape) | {"events": ("n",)}
    if not shape.interact_layers:  # there are no states
        return {name: inputs[name] for name in ("items", "phrases")}
    if shape.interact_layers == 1:  # at the last layer, no new entry attends to others
        return inputs
    return inputs | looked_at | {"apart": ("n", "all")}


def _entries(rows: str, shape: ModelShape) -> dict[str, Dims]:
    """What is known of entries before they are appended or scored."""
    wide: Dims = (rows, shape.hidden)
    few: Dims = (rows, shape.numbers)
    return {"items": wide, "phrases": wide, "numbers": few, "missing": few}


def _some(arrays: dict[str, Dims]) -> dict[str, Dims]:
    return {name: dims for name, dims in arrays.items() if 0 not in dims}
