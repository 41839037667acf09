"""Which parts of a ranking model are compressed: nearly all of its weights, and none that matching needs in float."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor, nn

FLOAT = (
    "kind",
    "numbers",
    "wide",
    "deep",
    "match",
    "likeness",
    "matched",
    "head",
)  # a few weights each; `distance` is none of a layer
LOW_BIT = ("token", "widen", "layers")  # what 4 bits are for: nearly all weights, and none of the table of positions


def compressed_layers(model: nn.Module) -> Iterator[tuple[str, nn.Embedding | nn.Linear]]:
    """The tables and linear layers that are pruned and become integers, by name."""
    for name, module in model.named_modules():
        if isinstance(module, nn.Embedding | nn.Linear) and part_of(name) not in FLOAT:
            yield name, module


def compressed_weights(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Their weights; biases and norms stay dense."""
    for name, module in compressed_layers(model):
        yield f"{name}.weight", module.weight


def part_of(name: str) -> str:
    """The part of the model that a module or tensor of this name belongs to."""
    return name.partition(".")[0]
