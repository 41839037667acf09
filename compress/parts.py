"""Which parts of a ranking model are pruned and which become integers: nearly all of its weights are both."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor, nn

from compress.magnitude import prunable_weights

FLOAT = (
    "kind",
    "numbers",
    "wide",
    "deep",
    "match",
    "likeness",
    "matched",
    "head",
)  # a few weights each; `distance` belongs to no layer
WORTH_A_MASK = 1_024  # weights: a matrix of fewer that stays in float stays dense
LOW_BIT = ("token", "widen", "layers")  # what 4 bits are for: nearly all weights, and none of the table of positions


def compressed_layers(model: nn.Module) -> Iterator[tuple[str, nn.Embedding | nn.Linear]]:
    """The tables and linear layers that become integers, by name; all of them are pruned."""
    for name, module in model.named_modules():
        if isinstance(module, nn.Embedding | nn.Linear) and part_of(name) not in FLOAT:
            yield name, module


def pruned_weights(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """What is pruned, by name: the weights that become integers, and the larger matrices that stay in float."""
    for name, weight in prunable_weights(model):
        if part_of(name) not in FLOAT or weight.numel() >= WORTH_A_MASK:
            yield name, weight


def part_of(name: str) -> str:
    """The part of the model that a module or tensor of this name belongs to."""
    return name.partition(".")[0]
