"""Integer weights of 8 or 4 bits, symmetric per output channel, and the arithmetic that the engines do with them."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cloud.checkpoint import WEIGHTS
from cloud.model import Encoder, Layer, ModelConfig
from cloud.runs.directory import Run
from edge.config import from_dict


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


LOW_BIT = ("token", "widen", "layers")  # what 4 bits are for: nearly all weights, and none of the small tables


def quantised_encoder(config: ModelConfig, bits: int = 8) -> Encoder:
    """An encoder of that shape whose tables and linear layers are integers; its weights are still to be loaded."""
    encoder = Encoder(config)
    for name, module in list(encoder.named_modules()):
        width = bits if name.split(".")[0] in LOW_BIT else 8
        if isinstance(module, nn.Embedding):
            encoder.set_submodule(name, QuantisedEmbedding(module.num_embeddings, module.embedding_dim, width))
        elif isinstance(module, nn.Linear):
            encoder.set_submodule(name, QuantisedLinear(module.in_features, module.out_features, width))
    return encoder.eval()


@torch.no_grad()
def fold_norms(model: Encoder) -> Encoder:
    """The same function with every norm's gain and bias inside the linear layer that follows it.

    Converters do this by themselves: done here, before rounding, an exported file keeps these very integers.
    """
    folded = copy.deepcopy(model)
    pairs = [(folded.head_norm, folded.head)]
    for layer in folded.layers:
        assert isinstance(layer, Layer)
        pairs += [(layer.attention_norm, layer.attention_in), (layer.feed_forward_norm, layer.feed_forward_in)]
    if isinstance(folded.widen, nn.Linear):
        pairs.append((folded.embedding_norm, folded.widen))
    for norm, linear in pairs:
        linear.bias.add_(linear.weight @ norm.bias)
        linear.weight.mul_(norm.weight)
        norm.weight.fill_(1.0)
        norm.bias.zero_()
    return folded


def quantise(model: Encoder, bits: int = 8) -> Encoder:
    """The form of a float encoder with weights of 8 or 4 bits. Biases become float16 numbers, exact in every engine."""
    tensors = dict(fold_norms(model).state_dict())
    tensors |= {name: value.half().float() for name, value in tensors.items() if name.endswith(".bias")}
    encoder = quantised_encoder(model.config, bits)
    for name, module in encoder.named_modules():
        if isinstance(module, QuantisedEmbedding | QuantisedLinear):
            weight, scale = quantise_rows(tensors[f"{name}.weight"], module.bits)
            tensors |= {f"{name}.weight": weight, f"{name}.scale": scale}
    encoder.load_state_dict(tensors)
    return encoder


def dequantise(model: Encoder) -> Encoder:
    """The float encoder whose weights are exactly those of a quantised one."""
    tensors = dict(model.state_dict())
    for name in [name for name in tensors if name.endswith(".scale")]:
        weight = name.removesuffix("scale") + "weight"
        tensors[weight] = tensors[weight].float() * tensors.pop(name)[:, None]
    encoder = Encoder(model.config)
    encoder.load_state_dict(tensors)
    return encoder.eval()


def load_quantised(run: Run) -> Encoder:
    """The encoder of a finished "int8" or "int4" run."""
    from safetensors.torch import load_file

    config = from_dict(ModelConfig, run.config["model"], f"{run.path}/config.json model")
    encoder = quantised_encoder(config, run.config["bits"])
    encoder.load_state_dict(load_file(run.file(WEIGHTS)))
    return encoder
