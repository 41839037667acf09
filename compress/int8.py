"""int8 weights, symmetric per output channel, and the arithmetic that the engines do with them."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cloud.checkpoint import WEIGHTS
from cloud.model import Encoder, Layer, ModelConfig
from edge.config import from_dict
from edge.runs import Run


def quantise_rows(weight: Tensor) -> tuple[Tensor, Tensor]:
    """(rows, columns) -> int8 of that shape in -127..127, and scales (rows,): weight ~ int8 * scale."""
    largest = weight.abs().amax(1)
    scale = torch.where(largest > 0, largest / 127.0, torch.ones_like(largest))
    return (weight / scale[:, None]).round().clamp(-127, 127).to(torch.int8), scale


class Int8Embedding(nn.Module):
    """A table of int8 rows, one scale each."""

    def __init__(self, rows: int, columns: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(rows, columns, dtype=torch.int8))
        self.register_buffer("scale", torch.ones(rows))

    def forward(self, ids: Tensor) -> Tensor:
        weight, scale = self.get_buffer("weight"), self.get_buffer("scale")
        return weight[ids].float() * scale[ids][..., None]


class Int8Linear(nn.Module):
    """int8 weights and activations quantised on the fly, one scale and zero point per token."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(outputs, inputs, dtype=torch.int8))
        self.register_buffer("scale", torch.ones(outputs))
        self.bias = nn.Parameter(torch.zeros(outputs), requires_grad=False)

    def forward(self, inputs: Tensor) -> Tensor:
        weight = self.get_buffer("weight").float()
        return F.linear(quantise_activations(inputs), weight) * self.get_buffer("scale") + self.bias


def quantise_activations(inputs: Tensor) -> Tensor:
    """(..., width) rounded to 256 levels between each row's least and greatest value, zero among them."""
    rows = inputs.reshape(-1, inputs.shape[-1])
    least, greatest = torch.aminmax(rows, dim=1)
    least, greatest = least.clamp(max=0.0), greatest.clamp(min=0.0)
    scale = ((greatest - least) / 255.0).clamp(min=1e-12)
    zero_point = (-128.0 - least / scale).round().clamp(-128, 127)
    rounded = torch.fake_quantize_per_channel_affine(rows, scale, zero_point.to(torch.int32), 0, -128, 127)
    return rounded.view(inputs.shape)


def int8_encoder(config: ModelConfig) -> Encoder:
    """An encoder of that shape whose tables and linear layers are int8; its weights are still to be loaded."""
    encoder = Encoder(config)
    for parent in list(encoder.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Embedding):
                setattr(parent, name, Int8Embedding(child.num_embeddings, child.embedding_dim))
            elif isinstance(child, nn.Linear):
                setattr(parent, name, Int8Linear(child.in_features, child.out_features))
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


def quantise(model: Encoder) -> Encoder:
    """The int8 form of a float encoder."""
    tensors = dict(fold_norms(model).state_dict())
    encoder = int8_encoder(model.config)
    for name, module in encoder.named_modules():
        if isinstance(module, Int8Embedding | Int8Linear):
            weight, scale = quantise_rows(tensors[f"{name}.weight"])
            tensors |= {f"{name}.weight": weight, f"{name}.scale": scale}
    encoder.load_state_dict(tensors)
    return encoder


def dequantise(model: Encoder) -> Encoder:
    """The float encoder whose weights are exactly those of an int8 one."""
    tensors = dict(model.state_dict())
    for name in [name for name in tensors if name.endswith(".scale")]:
        weight = name.removesuffix("scale") + "weight"
        tensors[weight] = tensors[weight].float() * tensors.pop(name)[:, None]
    encoder = Encoder(model.config)
    encoder.load_state_dict(tensors)
    return encoder.eval()


def load_int8(run: Run) -> Encoder:
    """The int8 encoder of a finished "int8" run."""
    from safetensors.torch import load_file

    encoder = int8_encoder(from_dict(ModelConfig, run.config["model"], f"{run.path}/config.json model"))
    encoder.load_state_dict(load_file(run.file(WEIGHTS)))
    return encoder
