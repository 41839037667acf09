"""Tables and linear layers of 8- or 4-bit integers, symmetric per output row, with the engines' own arithmetic."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def quantise_rows(weight: Tensor, bits: int = 8) -> tuple[Tensor, Tensor]:
    """(rows, columns) -> int8 of that shape in -127..127 (4 bits: -7..7), and scales (rows,): weight ~ int8 * scale.

    A scale keeps 8 significant bits, rounded up: it costs two bytes, and no weight leaves the range.
    """
    levels = 2 ** (bits - 1) - 1
    largest = weight.abs().amax(1).float()
    scale = _round_up_to_bfloat16(torch.where(largest > 0, largest / levels, torch.ones_like(largest)))
    return (weight / scale[:, None]).round().clamp(-levels, levels).to(torch.int8), scale


def _round_up_to_bfloat16(positive: Tensor) -> Tensor:
    """The next float32 whose lower 16 bits are zero."""
    return ((positive.contiguous().view(torch.int32) + 0xFFFF) & -0x10000).view(torch.float32)


class QuantisedEmbedding(nn.Module):
    """A table of integer rows, one scale each."""

    def __init__(self, rows: int, columns: int, bits: int = 8) -> None:
        super().__init__()
        self.bits = bits
        self.register_buffer("weight", torch.zeros(rows, columns, dtype=torch.int8))
        self.register_buffer("scale", torch.ones(rows))

    def forward(self, ids: Tensor) -> Tensor:
        weight, scale = self.get_buffer("weight"), self.get_buffer("scale")
        return weight[ids].float() * scale[ids][..., None]


class QuantisedLinear(nn.Module):
    """Integer weights, and activations quantised to int8 on the fly, one scale and zero point per token."""

    def __init__(self, inputs: int, outputs: int, bits: int = 8) -> None:
        super().__init__()
        self.bits = bits
        self.register_buffer("weight", torch.zeros(outputs, inputs, dtype=torch.int8))
        self.register_buffer("scale", torch.ones(outputs))
        self.bias = nn.Parameter(torch.zeros(outputs), requires_grad=False)

    def forward(self, inputs: Tensor) -> Tensor:
        weight = self.get_buffer("weight").float()
        return F.linear(quantise_activations(inputs), weight) * self.get_buffer("scale") + self.bias


def quantise_activations(inputs: Tensor) -> Tensor:
    """(..., width) rounded to 256 levels between each row's least and greatest value, zero among them."""
    least = inputs.amin(-1, keepdim=True).clamp(max=0.0)  # both at once, torch.aminmax, takes eight times as long
    greatest = inputs.amax(-1, keepdim=True).clamp(min=0.0)
    scale = ((greatest - least) / 255.0).clamp(min=1e-12)
    zero_point = (-128.0 - least / scale).round().clamp(-128, 127)
    levels = (inputs * (1.0 / scale)).round_().add_(zero_point).clamp_(-128.0, 127.0)  # new: in place from here
    return levels.sub_(zero_point).mul_(scale)


@torch.no_grad()
def fold_norm(norm: nn.LayerNorm, linear: nn.Linear) -> None:
    """Move the norm's gain and bias into the linear layer that follows it; together they compute what they did."""
    linear.bias.add_(linear.weight @ norm.bias)
    linear.weight.mul_(norm.weight)
    norm.weight.fill_(1.0)
    norm.bias.zero_()


def float_tensors(model: nn.Module) -> dict[str, Tensor]:
    """The tensors of the float model whose weights are exactly those of a quantised one."""
    tensors = dict(model.state_dict())
    for name in [name for name in tensors if name.endswith(".scale")]:
        weight = name.removesuffix("scale") + "weight"
        tensors[weight] = tensors[weight].float() * tensors.pop(name)[:, None]
    return tensors
